import java.net.Socket;

/** Dials the first address of a name, as programs do that leave it to the platform. */
class Fetch {
  public static void main(String[] args) throws Exception {
    try (Socket socket = new Socket(args[0], 80)) {
      System.out.println(socket.getRemoteSocketAddress());
    }
  }
}
