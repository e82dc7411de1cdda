import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.apache.commons.io.FilenameUtils;

class Files {
    void paths(HttpServletRequest request) throws IOException {
        String name = request.getParameter("name");
        new FileInputStream("/srv/files/" + name); // finds A path-traversal
        new File("/srv/files", name); // finds A path-traversal
        Paths.get("/srv/files", name); // finds A path-traversal
        new File("/srv/files", FilenameUtils.getName(name));
        new File("/srv/files/" + name.length());
        for (Cookie cookie : request.getCookies()) {
            if (cookie.getName().equals("file")) {
                new FileInputStream(cookie.getValue()); // finds A path-traversal
            }
        }
    }

    void commands(HttpServletRequest request) throws IOException {
        String host = request.getParameter("host");
        Runtime runtime = Runtime.getRuntime();
        runtime.exec("ping " + host); // finds A command-injection
        runtime.exec(new String[] {"sh", "-c", "ping " + host}); // finds A command-injection
        runtime.exec(new String[] {"ping", host});
        List<String> parts = new ArrayList<>();
        if (System.getProperty("os.name").contains("Windows")) {
            parts.add("cmd.exe");
            parts.add("/c");
        } else {
            parts.add("sh");
            parts.add("-c");
        }
        parts.add("ping " + host);
        ProcessBuilder builder = new ProcessBuilder();
        builder.command(parts); // finds A command-injection
        builder.start();
    }

    void addresses(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String target = request.getParameter("target");
        URL address = new URL(target);
        address.openStream(); // finds A server-side-request-forgery
        new URL("https://example.org/" + target).openStream();
        response.sendRedirect(target); // finds A open-redirect
        response.sendRedirect("/home?from=" + target);
    }

    void guarded(HttpServletRequest request) throws IOException {
        String name = request.getParameter("name");
        if (name.contains("..") || name.contains("/")) {
            throw new IOException("no");
        }
        new FileInputStream("/srv/files/" + name);
    }
}
