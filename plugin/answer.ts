/** The answer to one request: a message, or an error in words that the engine shows as they are. */
import * as grpc from "@grpc/grpc-js";
import { messageOf } from "../host/messages";

export function answer<T>(done: grpc.sendUnaryData<T>, make: () => T | Promise<T>): void {
  Promise.resolve()
    .then(make)
    .then(
      (response) => {
        done(null, response);
      },
      (error: unknown) => {
        const details = messageOf(error);
        done({ code: grpc.status.UNKNOWN, details, name: "Error", message: details });
      },
    );
}
