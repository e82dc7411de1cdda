//! Calls of Java's libraries that do harm with data of strangers.

use crate::taint::catalogue::{Arg, Sink, When};
use crate::taint::kind::Kind;

const fn sink(name: &'static str, kind: Kind, at: usize, when: When) -> Sink {
    Sink {
        name,
        kind,
        arg: Arg::At(at, ""),
        when,
    }
}

const fn first(name: &'static str, kind: Kind) -> Sink {
    sink(name, kind, 0, When::Always)
}

const fn second(name: &'static str, kind: Kind) -> Sink {
    sink(name, kind, 1, When::Always)
}

const fn any(name: &'static str, kind: Kind) -> Sink {
    Sink {
        name,
        kind,
        arg: Arg::Any,
        when: When::Always,
    }
}

const fn receiver(name: &'static str, kind: Kind) -> Sink {
    Sink {
        name,
        kind,
        arg: Arg::Receiver,
        when: When::Always,
    }
}

/// Every table.
pub(super) const ALL: &[&[Sink]] = &[
    DATABASES,
    TEMPLATES_OF_DATABASES,
    PROCESSES,
    CODE,
    FILES,
    PAGES,
    ADDRESSES,
    OBJECTS,
    XML_AND_DIRECTORIES,
    SESSIONS,
];

const DATABASES: &[Sink] = &[
    first("Statement().execute", Kind::Sql),
    first("Statement().addBatch", Kind::Sql),
    first("PreparedStatement().execute", Kind::Sql),
    first("PreparedStatement().addBatch", Kind::Sql),
    first("CallableStatement().execute", Kind::Sql),
    first(".executeQuery", Kind::Sql),
    first(".executeUpdate", Kind::Sql),
    first(".executeLargeUpdate", Kind::Sql),
    first(".prepareStatement", Kind::Sql),
    first(".prepareCall", Kind::Sql),
    first(".nativeSQL", Kind::Sql),
    // JPA and Hibernate.
    first(".createNativeQuery", Kind::Sql),
    first(".createSQLQuery", Kind::Sql),
    first(".createNativeMutationQuery", Kind::Sql),
    first(".createSelectionQuery", Kind::Sql),
    first(".createMutationQuery", Kind::Sql),
    first(".sqlRestriction", Kind::Sql),
    first("EntityManager().createQuery", Kind::Sql),
    first("Session().createQuery", Kind::Sql),
    sink(".createQuery", Kind::Sql, 0, When::Built),
    first("PersistenceManager().newQuery", Kind::Sql),
    // MongoDB.
    first("BasicDBObject.parse", Kind::NoSql),
    first("Document.parse", Kind::NoSql),
    first("BasicQuery", Kind::NoSql),
];

const TEMPLATES_OF_DATABASES: &[Sink] = &[
    first("JdbcTemplate().execute", Kind::Sql),
    first("JdbcTemplate().query", Kind::Sql),
    first("JdbcTemplate().update", Kind::Sql),
    first("NamedParameterJdbcTemplate().query", Kind::Sql),
    first("NamedParameterJdbcTemplate().update", Kind::Sql),
    first("NamedParameterJdbcTemplate().execute", Kind::Sql),
    first("JdbcClient().sql", Kind::Sql),
    first("DatabaseClient().sql", Kind::Sql),
    first("QueryRunner().query", Kind::Sql),
    first("QueryRunner().update", Kind::Sql),
    first("Handle().createQuery", Kind::Sql),
    first("Handle().createUpdate", Kind::Sql),
    first("Handle().execute", Kind::Sql),
    first(".batchUpdate", Kind::Sql),
    first(".queryForInt", Kind::Sql),
    first(".queryForList", Kind::Sql),
    first(".queryForLong", Kind::Sql),
    first(".queryForMap", Kind::Sql),
    first(".queryForObject", Kind::Sql),
    first(".queryForRowSet", Kind::Sql),
    first(".queryForStream", Kind::Sql),
    first("SQLiteDatabase().rawQuery", Kind::Sql),
    first("SQLiteDatabase().execSQL", Kind::Sql),
];

const PROCESSES: &[Sink] = &[
    sink("Runtime().exec", Kind::Command, 0, When::Process),
    // Variables such as `PATH` choose what is run.
    second("Runtime().exec", Kind::Command),
    sink("ProcessBuilder", Kind::Command, 0, When::Process),
    sink("ProcessBuilder().command", Kind::Command, 0, When::Process),
    first("CommandLine.parse", Kind::Command),
    first(".execute_command", Kind::Command),
    first("ChannelExec().setCommand", Kind::Command),
];

const CODE: &[Sink] = &[
    first("ScriptEngine().eval", Kind::Code),
    first("ScriptEngine().compile", Kind::Code),
    first("Compilable().compile", Kind::Code),
    first(".parseExpression", Kind::Code),
    first("Ognl.getValue", Kind::Code),
    first("Ognl.setValue", Kind::Code),
    first("Ognl.parseExpression", Kind::Code),
    first("OgnlUtil().getValue", Kind::Code),
    first("MVEL.eval", Kind::Code),
    first("MVEL.compileExpression", Kind::Code),
    first("GroovyShell().evaluate", Kind::Code),
    first("GroovyShell().parse", Kind::Code),
    first("GroovyClassLoader().parseClass", Kind::Code),
    first("Eval.me", Kind::Code),
    first("JexlEngine().createExpression", Kind::Code),
    first("JexlEngine().createScript", Kind::Code),
    second("ExpressionFactory().createValueExpression", Kind::Code),
    second("ExpressionFactory().createMethodExpression", Kind::Code),
    first("Context().eval", Kind::Code),
    second("Context().eval", Kind::Code),
    first("Class.forName", Kind::Code),
    sink("Velocity.evaluate", Kind::Template, 3, When::Always),
    sink("VelocityEngine().evaluate", Kind::Template, 3, When::Always),
    second("Template", Kind::Template),
    first("StringTemplateLoader().putTemplate", Kind::Template),
    second("StringTemplateLoader().putTemplate", Kind::Template),
    first("TemplateEngine().process", Kind::Template),
    first("SpringTemplateEngine().process", Kind::Template),
    first("PebbleEngine().getLiteralTemplate", Kind::Template),
    first("Jinjava().render", Kind::Template),
    first("Handlebars().compileInline", Kind::Template),
];

const FILES: &[Sink] = &[
    any("File", Kind::Path),
    first("FileInputStream", Kind::Path),
    first("FileOutputStream", Kind::Path),
    first("FileReader", Kind::Path),
    first("FileWriter", Kind::Path),
    first("RandomAccessFile", Kind::Path),
    first("PrintWriter", Kind::Path),
    first("ZipFile", Kind::Path),
    first("JarFile", Kind::Path),
    first("FileSystemResource", Kind::Path),
    first("ClassPathResource", Kind::Path),
    any("Paths.get", Kind::Path),
    any("Path.of", Kind::Path),
    any("Files.newInputStream", Kind::Path),
    any("Files.newOutputStream", Kind::Path),
    any("Files.newBufferedReader", Kind::Path),
    first("Files.readAllBytes", Kind::Path),
    first("Files.readAllLines", Kind::Path),
    first("Files.readString", Kind::Path),
    first("Files.lines", Kind::Path),
    first("Files.write", Kind::Path),
    first("Files.writeString", Kind::Path),
    first("Files.delete", Kind::Path),
    first("Files.deleteIfExists", Kind::Path),
    first("Files.createDirectories", Kind::Path),
    first("Files.createFile", Kind::Path),
    any("Files.move", Kind::Path),
    second("Files.copy", Kind::Path),
    first("FileUtils.readFileToString", Kind::Path),
    first("FileUtils.readFileToByteArray", Kind::Path),
    first("FileUtils.openInputStream", Kind::Path),
    first("FileUtils.getFile", Kind::Path),
    first("ResourceUtils.getFile", Kind::Path),
    first(".getResourceAsStream", Kind::Path),
    first("ServletContext().getRealPath", Kind::Path),
    first("HttpServletRequest().getRequestDispatcher", Kind::Path),
];

const PAGES: &[Sink] = &[
    any("ResponseWriter().print", Kind::Xss),
    any("ResponseWriter().println", Kind::Xss),
    any("ResponseWriter().write", Kind::Xss),
    any("ResponseWriter().format", Kind::Xss),
    any("ResponseWriter().printf", Kind::Xss),
    any("ResponseWriter().append", Kind::Xss),
    any("JspWriter().print", Kind::Xss),
    any("JspWriter().println", Kind::Xss),
    any("JspWriter().write", Kind::Xss),
    second("HttpServletResponse().sendError", Kind::Xss),
    second("HttpServletResponse().setHeader", Kind::Header),
    second("HttpServletResponse().addHeader", Kind::Header),
    first("HttpServletResponse().sendRedirect", Kind::Redirect),
    first("RedirectView", Kind::Redirect),
    first("Response.seeOther", Kind::Redirect),
    first("Response.temporaryRedirect", Kind::Redirect),
];

const ADDRESSES: &[Sink] = &[
    receiver("URL().openStream", Kind::Ssrf),
    receiver("URL().openConnection", Kind::Ssrf),
    receiver("URL().getContent", Kind::Ssrf),
    first("HttpRequest.newBuilder", Kind::Ssrf),
    first("HttpGet", Kind::Ssrf),
    first("HttpPost", Kind::Ssrf),
    first("HttpPut", Kind::Ssrf),
    first("HttpDelete", Kind::Ssrf),
    first("HttpHead", Kind::Ssrf),
    first("Request.Get", Kind::Ssrf),
    first("Request.Post", Kind::Ssrf),
    first("Request.get", Kind::Ssrf),
    first("Request.post", Kind::Ssrf),
    first("RestTemplate().getForObject", Kind::Ssrf),
    first("RestTemplate().getForEntity", Kind::Ssrf),
    first("RestTemplate().postForObject", Kind::Ssrf),
    first("RestTemplate().postForEntity", Kind::Ssrf),
    first("RestTemplate().exchange", Kind::Ssrf),
    first("RestTemplate().execute", Kind::Ssrf),
    first("RestTemplate().put", Kind::Ssrf),
    first("RestTemplate().delete", Kind::Ssrf),
    first("WebClient.create", Kind::Ssrf),
    first("Jsoup.connect", Kind::Ssrf),
    first("ImageIO.read", Kind::Ssrf),
    first("IOUtils.toString", Kind::Ssrf),
    first("IOUtils.toByteArray", Kind::Ssrf),
    first("Socket", Kind::Ssrf),
    first("InitialContext().lookup", Kind::Ssrf),
    first("Context().lookup", Kind::Ssrf),
];

const OBJECTS: &[Sink] = &[
    receiver("ObjectInputStream().readObject", Kind::Deserialize),
    receiver("ObjectInputStream().readUnshared", Kind::Deserialize),
    receiver("XMLDecoder().readObject", Kind::Deserialize),
    first("XStream().fromXML", Kind::Deserialize),
    first("Yaml().load", Kind::Deserialize),
    first("Yaml().loadAll", Kind::Deserialize),
    first("SerializationUtils.deserialize", Kind::Deserialize),
    first("Kryo().readObject", Kind::Deserialize),
    first("Kryo().readClassAndObject", Kind::Deserialize),
    first("HessianInput", Kind::Deserialize),
];

const XML_AND_DIRECTORIES: &[Sink] = &[
    sink("DocumentBuilder().parse", Kind::Xxe, 0, When::Entities),
    sink("SAXParser().parse", Kind::Xxe, 0, When::Entities),
    sink("XMLReader().parse", Kind::Xxe, 0, When::Entities),
    sink("SAXReader().read", Kind::Xxe, 0, When::Entities),
    sink("SAXBuilder().build", Kind::Xxe, 0, When::Entities),
    sink(
        "XMLInputFactory().createXMLStreamReader",
        Kind::Xxe,
        0,
        When::Entities,
    ),
    sink(
        "XMLInputFactory().createXMLEventReader",
        Kind::Xxe,
        0,
        When::Entities,
    ),
    second("DirContext().search", Kind::Ldap),
    second("InitialDirContext().search", Kind::Ldap),
    second("LdapContext().search", Kind::Ldap),
    second("InitialLdapContext().search", Kind::Ldap),
    second("EventDirContext().search", Kind::Ldap),
    second("LdapTemplate().search", Kind::Ldap),
    second("LdapTemplate().searchForObject", Kind::Ldap),
    second("LdapTemplate().authenticate", Kind::Ldap),
    second("LdapConnection().search", Kind::Ldap),
    first("DirContext().lookup", Kind::Ldap),
    first("XPath().evaluate", Kind::XPath),
    first("XPath().compile", Kind::XPath),
    first("XPathFactory().compile", Kind::XPath),
    first("XPathAPI.selectNodeList", Kind::XPath),
    second("XPathAPI.selectNodeList", Kind::XPath),
    second("XPathAPI.selectSingleNode", Kind::XPath),
    first("DocumentHelper.createXPath", Kind::XPath),
    first("Document().selectNodes", Kind::XPath),
    first("Document().selectSingleNode", Kind::XPath),
];

const SESSIONS: &[Sink] = &[
    any("HttpSession().setAttribute", Kind::TrustBoundary),
    any("HttpSession().putValue", Kind::TrustBoundary),
];
