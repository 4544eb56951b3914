/** Methods of a plugin: each request is answered with a message, or an error in words that the engine shows as they are. */
import * as grpc from "@grpc/grpc-js";
import { messageOf } from "../host/messages";

/** The method whose answer `make` makes of the request. */
export function answered<Request, Response>(make: (request: Request) => Response | Promise<Response>) {
  return ({ request }: { readonly request: Request }, done: grpc.sendUnaryData<Response>): void => {
    Promise.resolve()
      .then(() => make(request))
      .then(
        (response) => {
          done(null, response);
        },
        (error: unknown) => {
          const details = messageOf(error);
          done({ code: grpc.status.UNKNOWN, details, name: "Error", message: details });
        },
      );
  };
}
