import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.naming.directory.DirContext;
import javax.naming.directory.SearchControls;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import javax.sql.DataSource;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathFactory;
import org.springframework.jdbc.core.JdbcTemplate;

public class Queries extends HttpServlet {
    private static final String TABLE = "orders";
    private DataSource source;
    private JdbcTemplate template;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException, SQLException {
        String name = request.getParameter("name");
        Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        statement.executeQuery("SELECT * FROM " + TABLE + " WHERE name = '" + name + "'"); // finds A sql-injection
        statement.executeQuery("SELECT * FROM " + TABLE);
        PreparedStatement prepared = connection.prepareStatement("SELECT * FROM orders WHERE name = ?");
        prepared.setString(1, name);
        ResultSet rows = prepared.executeQuery();
        connection.prepareStatement(String.format("SELECT * FROM %s WHERE id = 1", name)); // finds A sql-injection
        connection.prepareStatement(String.format("SELECT * FROM orders LIMIT %d", Integer.parseInt(name)));
        template.queryForList("SELECT * FROM orders WHERE name = '" + name + "'"); // finds A sql-injection
        template.queryForList("SELECT * FROM orders WHERE name = ?", name);
    }

    void elements(HttpServletRequest request) {
        Map<String, String> kept = new HashMap<>();
        kept.put("fixed", "a");
        kept.put("given", request.getHeader("X-Order"));
        template.execute("DELETE FROM orders WHERE name = '" + kept.get("fixed") + "'");
        template.execute("DELETE FROM orders WHERE name = '" + kept.get("given") + "'"); // finds A sql-injection
        List<String> items = new ArrayList<String>();
        items.add("first");
        items.add(request.getQueryString());
        items.add("last");
        items.remove(0);
        template.execute("DELETE FROM orders WHERE name = '" + items.get(1) + "'");
        template.execute("DELETE FROM orders WHERE name = '" + items.get(0) + "'"); // finds A sql-injection
    }

    void built(HttpServletRequest request, boolean all) {
        StringBuilder query = new StringBuilder("SELECT * FROM orders");
        if (all) {
            query.append(" WHERE name = '").append(request.getParameter("name")).append("'");
        }
        template.execute(query.toString()); // finds A sql-injection
        StringBuilder fixed = new StringBuilder("SELECT * FROM orders");
        fixed.append(" WHERE open = ").append(all);
        template.execute(fixed.toString());
    }

    void folded(HttpServletRequest request) {
        String name = request.getParameter("name");
        String letters = "ABC";
        String kept;
        switch (letters.charAt(1)) {
            case 'A':
                kept = name;
                break;
            case 'B':
                kept = "bob";
                break;
            default:
                kept = name;
        }
        template.execute("DELETE FROM orders WHERE name = '" + kept + "'");
        int count = 7;
        String other = 3 * count > 20 ? "fixed" : name;
        template.execute("DELETE FROM orders WHERE name = '" + other + "'");
        String reached = 3 * count > 30 ? "fixed" : name;
        template.execute("DELETE FROM orders WHERE name = '" + reached + "'"); // finds A sql-injection
    }

    void checked(HttpServletRequest request) {
        String order = request.getParameter("order");
        if (order.equals("name")) {
            template.execute("SELECT * FROM orders ORDER BY " + order);
        }
        template.execute("SELECT * FROM orders ORDER BY " + order); // finds A sql-injection
    }

    void elsewhere(HttpServletRequest request, DirContext directory, SearchControls scope) throws Exception {
        String user = request.getHeader("X-User");
        directory.search("ou=people", "(uid=" + user + ")", scope); // finds A ldap-injection
        directory.search("ou=people", "(uid={0})", new Object[] {user}, scope);
        XPath path = XPathFactory.newInstance().newXPath();
        path.evaluate("//user[@name='" + user + "']", scope); // finds A xpath-injection
        path.evaluate("//user[@name='root']", scope);
    }

    private class Reader {
        String read(HttpServletRequest request) {
            return request.getParameter("inner");
        }
    }

    void inner(HttpServletRequest request) {
        String given = new Reader().read(request);
        template.execute("DELETE FROM orders WHERE name = '" + given + "'"); // finds A sql-injection
        template.execute("DELETE FROM orders WHERE name = '" + quiet(given) + "'");
    }

    private String quiet(String given) {
        return "nothing of it";
    }
}
