//! The structure of statements: what is left of SQL, an LDAP filter or an
//! XPath expression when its literals are masked. Input that changes it is
//! more than data.

/// The structures that an SQL statement has, one for each way of reading a
/// backslash in a literal.
pub(super) fn sql(text: &str) -> [String; 2] {
    [
        words(text, Dialect::Sql),
        words(text, Dialect::SqlBackslash),
    ]
}

/// The structure of an XPath expression.
pub(super) fn xpath(text: &str) -> String {
    words(text, Dialect::XPath)
}

/// The structure of an LDAP filter (RFC 4515): values are masked, wildcards in
/// them are not.
pub(super) fn ldap(text: &str) -> String {
    let mut out = String::new();
    let mut in_value = false;
    for c in text.chars() {
        match c {
            '(' | ')' => {
                in_value = false;
                out.push(c);
            }
            '=' if !in_value => {
                in_value = true;
                out.push(c);
            }
            '*' if in_value => out.push(c),
            _ if in_value => {
                if !out.ends_with('V') {
                    out.push('V');
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Dialect {
    Sql,
    SqlBackslash,
    XPath,
}

fn words(text: &str, dialect: Dialect) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = &chars[at..];
        at += match c {
            '\'' | '"' | '`' => literal(rest, c, dialect, &mut out),
            c if c.is_whitespace() => 1,
            c if c.is_ascii_digit() => {
                out.push("N".to_owned());
                run(rest, |c| c.is_alphanumeric() || c == '.')
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = run(rest, |c| c.is_alphanumeric() || c == '_');
                out.push(rest[..length].iter().collect::<String>().to_lowercase());
                length
            }
            '-' if dialect != Dialect::XPath && rest.get(1) == Some(&'-') => {
                comment(rest, &mut out)
            }
            '#' if dialect != Dialect::XPath => comment(rest, &mut out),
            c => {
                out.push(c.to_string());
                1
            }
        };
    }
    out.join(" ")
}

fn run(chars: &[char], belongs: impl Fn(char) -> bool) -> usize {
    chars.iter().take_while(|c| belongs(**c)).count().max(1)
}

fn comment(rest: &[char], out: &mut Vec<String>) -> usize {
    out.push("--".to_owned());
    rest.iter().take_while(|c| **c != '\n').count()
}

/// Masks a literal; one that does not end says so.
fn literal(rest: &[char], quote: char, dialect: Dialect, out: &mut Vec<String>) -> usize {
    let mut at = 1;
    while let Some(&c) = rest.get(at) {
        if c == '\\' && dialect == Dialect::SqlBackslash {
            at += 2;
        } else if c != quote {
            at += 1;
        } else if dialect != Dialect::XPath && rest.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            out.push(if quote == '\'' { "S" } else { "Q" }.to_owned());
            return at + 1;
        }
    }
    out.push("open".to_owned());
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        sql(a).iter().zip(sql(b)).any(|(a, b)| *a == b)
    }

    #[test]
    fn data_leaves_the_structure_of_sql_as_it_is() {
        let control = "SELECT * FROM t WHERE n = 'abc' AND i = 5";
        assert!(same(control, "select * from t where n='it''s' and i = 77"));
        assert!(same(
            control,
            r"SELECT * FROM t WHERE n = 'it\'s -- so' AND i = 5"
        ));
        assert!(!same(
            control,
            "SELECT * FROM t WHERE n = 'abc' OR 'a'='a' AND i = 5"
        ));
        assert!(!same(control, "SELECT * FROM t WHERE n = 'abc'' AND i = 5"));
        assert!(!same(
            control,
            "SELECT * FROM t WHERE n = 'abc' AND i = 5 -- x"
        ));
    }

    #[test]
    fn an_ldap_value_may_hold_anything_but_wildcards_and_parentheses() {
        let control = ldap("(&(objectclass=person)(uid=abc))");
        assert_eq!(control, ldap(r"(&(objectclass=person)(uid=a\2ab\29))"));
        assert_ne!(control, ldap("(&(objectclass=person)(uid=abc*))"));
        assert_ne!(control, ldap("(&(objectclass=person)(uid=abc)(cn=x))"));
    }

    #[test]
    fn an_xpath_literal_ends_at_its_quote() {
        let control = xpath("/a/b[@id='abc']");
        assert_eq!(control, xpath("/a/b[@id='a or \"b\" = c']"));
        assert_ne!(control, xpath("/a/b[@id='abc' or 'a'='a']"));
        assert_ne!(control, xpath("/a/b[@id='abc'']"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_them(text in "\\PC*") {
            let _ = (sql(&text), xpath(&text), ldap(&text));
        }
    }
}
