# Java: compiled, packed, run, with threads, files and sockets of its own.
# needs: javac java jar
mkdir -p src out
cat >src/Work.java <<'END'
import java.io.*; import java.net.*; import java.nio.channels.*; import java.nio.file.*; import java.util.concurrent.*;
public class Work {
    public static void main(String[] a) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(16);
        Path dir = Files.createDirectories(Path.of("made"));
        CountDownLatch all = new CountDownLatch(200);
        for (int i = 0; i < 200; i++) { int n = i; pool.submit(() -> { try {
            Path p = dir.resolve("f" + n); Files.writeString(p, "x".repeat(n));
            Files.move(p, dir.resolve("g" + n), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) { e.printStackTrace(); } finally { all.countDown(); } }); }
        all.await();
        try (var s = Files.list(dir)) { System.out.println(s.filter(p -> p.getFileName().toString().startsWith("g")).count()); }
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            pool.submit(() -> { try (Socket c = server.accept()) { c.getOutputStream().write("over tcp\n".getBytes()); } return 0; });
            try (Socket c = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort())) {
                System.out.println(new BufferedReader(new InputStreamReader(c.getInputStream())).readLine()); }
        }
        var address = UnixDomainSocketAddress.of("sock");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            pool.submit(() -> { try (var c = server.accept()) { c.write(java.nio.ByteBuffer.wrap("over unix".getBytes())); } return 0; });
            try (var c = SocketChannel.open(address)) { var b = java.nio.ByteBuffer.allocate(9); while (b.hasRemaining() && c.read(b) >= 0); System.out.println(new String(b.array())); }
        }
        var p = new ProcessBuilder("sh", "-c", "echo from a child; exit 3").redirectErrorStream(true).start();
        System.out.print(new String(p.getInputStream().readAllBytes())); System.out.println(p.waitFor());
        Path lock = Path.of("lock");
        try (var ch = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE); var l = ch.lock()) { System.out.println(l.isValid()); }
        try (var f = new RandomAccessFile("mapped", "rw")) { var m = f.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 1 << 20); m.put(99, (byte) 7); m.force(); }
        System.out.println(Files.readAllBytes(Path.of("mapped"))[99]);
        Path t = Files.createTempFile("work", ".tmp"); Files.delete(t);
        pool.shutdown(); System.exit(5);
    }
}
END
javac -d out src/Work.java
jar --create --file work.jar --main-class Work -C out .
java -Xmx256m -jar work.jar || echo "exit $?"
