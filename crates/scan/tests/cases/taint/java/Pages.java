import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.PrintWriter;
import java.net.URLDecoder;
import javax.script.ScriptEngine;
import javax.script.ScriptEngineManager;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.owasp.encoder.Encode;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.web.util.HtmlUtils;

class Pages {
    void page(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String name = request.getParameter("name");
        response.getWriter().println("<p>" + name + "</p>"); // finds A cross-site-scripting
        PrintWriter out = response.getWriter();
        out.write(name.toCharArray()); // finds A cross-site-scripting
        Object[] values = {"a", name};
        out.printf("%1$s and %2$s", values); // finds A cross-site-scripting
        out.println("<p>" + HtmlUtils.htmlEscape(name) + "</p>");
        out.println("<p>" + Encode.forHtml(name) + "</p>");
        String undone = URLDecoder.decode(Encode.forUriComponent(name), "UTF-8");
        out.println(undone); // finds A cross-site-scripting
        System.out.println("<p>" + name + "</p>");
        request.getSession().setAttribute("name", name); // finds B trust-boundary
        request.getSession().setAttribute("count", Integer.parseInt(name));
        request.getSession().setAttribute("name", "guest");
    }

    void code(HttpServletRequest request) throws Exception {
        String given = request.getParameter("expression");
        ScriptEngine engine = new ScriptEngineManager().getEngineByName("js");
        engine.eval(given); // finds A code-injection
        engine.eval("1 + 1");
        new SpelExpressionParser().parseExpression(given); // finds A code-injection
        ObjectInputStream stream = new ObjectInputStream(request.getInputStream());
        stream.readObject(); // finds A unsafe-deserialization
    }
}
