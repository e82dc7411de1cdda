//! Terraform: who can reach what, who may do what, what is encrypted.

use super::Found;
use crate::{Language, SourceFile};

/// How deep blocks may be nested.
const DEEPEST: usize = 50;

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    if file.language != Language::Terraform {
        return;
    }
    let mut reader = Reader {
        lines: file.text.lines().collect(),
        at: 0,
    };
    let blocks = reader.blocks(0);
    for block in &blocks {
        look_at(
            block,
            block.labels.first().map_or("", String::as_str),
            found,
        );
    }
}

/// A block: `resource "type" "name" { … }`.
#[derive(Debug, Default)]
struct Block {
    kind: String,
    labels: Vec<String>,
    line: u32,
    attributes: Vec<Attribute>,
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Attribute {
    name: String,
    line: u32,
    /// As it is written, on one line.
    value: String,
}

impl Block {
    fn is(&self, name: &str, value: &str) -> Option<u32> {
        self.attributes
            .iter()
            .find(|each| each.name == name && each.value.trim_matches('"') == value)
            .map(|each| each.line)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|each| each.name == name)
            .map(|each| each.value.as_str())
    }
}

/// Reads blocks and attributes line by line, as they are formatted.
struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl Reader<'_> {
    fn blocks(&mut self, depth: usize) -> Vec<Block> {
        let mut top = Block::default();
        self.body(&mut top, depth);
        top.blocks
    }

    /// Reads up to the brace that closes the block.
    fn body(&mut self, block: &mut Block, depth: usize) {
        while let Some(text) = self.lines.get(self.at).map(|line| without_comment(line)) {
            let line = u32::try_from(self.at).unwrap_or(0) + 1;
            self.at += 1;
            if text.starts_with('}') {
                if depth > 0 {
                    return;
                }
            } else if let Some((name, value)) = attribute(text) {
                let value = self.value(value);
                block.attributes.push(Attribute { name, line, value });
            } else if let Some((head, rest)) = text.split_once('{') {
                let mut words = words(head).into_iter();
                let mut inner = Block {
                    kind: words.next().unwrap_or_default(),
                    labels: words.collect(),
                    line,
                    ..Block::default()
                };
                let rest = rest.trim();
                if let Some(body) = rest.strip_suffix('}') {
                    if let Some((name, value)) = attribute(body.trim()) {
                        inner.attributes.push(Attribute {
                            name,
                            line,
                            value: value.trim().to_owned(),
                        });
                    }
                } else if depth < DEEPEST {
                    self.body(&mut inner, depth + 1);
                }
                block.blocks.push(inner);
            }
        }
    }

    /// A value with the lines that belong to it.
    fn value(&mut self, first: &str) -> String {
        let mut value = first.trim().to_owned();
        if let Some(word) = value
            .strip_prefix("<<")
            .map(|word| word.trim_start_matches('-').trim().to_owned())
        {
            while let Some(line) = self.lines.get(self.at) {
                self.at += 1;
                value.push(' ');
                value += line.trim();
                if line.trim() == word {
                    break;
                }
            }
            return value;
        }
        while opened(&value) > 0 {
            let Some(line) = self.lines.get(self.at) else {
                break;
            };
            self.at += 1;
            value.push(' ');
            value += without_comment(line);
        }
        value
    }
}

/// How many brackets are open.
fn opened(text: &str) -> i32 {
    let mut quoted = false;
    text.chars().fold(0, |open, c| match c {
        '"' => {
            quoted = !quoted;
            open
        }
        '{' | '[' | '(' if !quoted => open + 1,
        '}' | ']' | ')' if !quoted => open - 1,
        _ => open,
    })
}

fn attribute(text: &str) -> Option<(String, &str)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim().trim_matches('"');
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    (is_name && !value.starts_with('=')).then(|| (name.to_owned(), value))
}

fn words(head: &str) -> Vec<String> {
    head.split_whitespace()
        .map(|word| word.trim_matches('"').to_owned())
        .collect()
}

fn without_comment(line: &str) -> &str {
    let trimmed = line.trim();
    if trimmed.starts_with('#') || trimmed.starts_with("//") {
        return "";
    }
    trimmed.split(" #").next().unwrap_or(trimmed).trim_end()
}

const ANYWHERE: &[&str] = &[
    "\"0.0.0.0/0\"",
    "\"::/0\"",
    "\"*\"",
    "\"Internet\"",
    "\"any\"",
];

fn look_at(block: &Block, resource: &str, found: &mut Found<'_>) {
    ingress(block, resource, found);
    storage(block, resource, found);
    policy(block, resource, found);
    if let Some(line) = block.is("publicly_accessible", "true") {
        found.add(
            "terraform-public-database",
            line,
            "The database gets an address on the internet.",
        );
    }
    if let Some(line) = block.is("http_tokens", "optional") {
        found.add(
            "terraform-metadata-v1",
            line,
            "A request that a server is tricked into reads the instance's credentials.",
        );
    }
    for inner in &block.blocks {
        look_at(inner, resource, found);
    }
}

/// Ports that the whole internet may well use.
const OPEN_PORTS: &[&str] = &["80", "443"];

fn ingress(block: &Block, resource: &str, found: &mut Found<'_>) {
    let is_rule = resource.ends_with("security_group_rule")
        && block
            .value("type")
            .is_some_and(|kind| kind.contains("ingress"));
    let inward = block.kind == "ingress"
        || is_rule
        || resource == "aws_vpc_security_group_ingress_rule"
        || (resource == "google_compute_firewall"
            && block
                .value("direction")
                .is_none_or(|way| way.contains("INGRESS")))
        || (resource.starts_with("azurerm_network_security")
            && block
                .value("direction")
                .is_some_and(|way| way.contains("Inbound"))
            && block
                .value("access")
                .is_some_and(|access| access.contains("Allow")));
    if !inward {
        return;
    }
    let sources = [
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "cidr_ipv4",
        "cidr_ipv6",
        "source_ranges",
        "source_address_prefix",
        "source_address_prefixes",
    ];
    for attribute in block
        .attributes
        .iter()
        .filter(|each| sources.contains(&each.name.as_str()))
    {
        if !ANYWHERE
            .iter()
            .any(|anywhere| attribute.value.contains(anywhere))
        {
            continue;
        }
        let (from, to) = (block.value("from_port"), block.value("to_port"));
        if from == to && from.is_some_and(|port| OPEN_PORTS.contains(&port)) {
            continue;
        }
        let ports = match (from, to) {
            (Some(from), Some(to)) if from == to => format!("port {from}"),
            (Some(from), Some(to)) => format!("ports {from} to {to}"),
            _ => "what is behind it".to_owned(),
        };
        found.add(
            "terraform-open-ingress",
            attribute.line,
            format!("Everybody on the internet reaches {ports}."),
        );
        return;
    }
}

fn storage(block: &Block, resource: &str, found: &mut Found<'_>) {
    for attribute in &block.attributes {
        let value = attribute.value.trim_matches('"');
        match (attribute.name.as_str(), value) {
            ("acl", "public-read" | "public-read-write" | "authenticated-read")
            | ("container_access_type", "blob" | "container") => {
                found.add(
                    "terraform-public-bucket",
                    attribute.line,
                    format!("`{value}` lets everybody read what is in it."),
                );
            }
            (
                "block_public_acls"
                | "block_public_policy"
                | "ignore_public_acls"
                | "restrict_public_buckets",
                "false",
            ) => {
                found.add(
                    "terraform-public-bucket",
                    attribute.line,
                    format!(
                        "`{} = false` lets a later rule open the bucket to everybody.",
                        attribute.name
                    ),
                );
            }
            ("allow_blob_public_access" | "allow_nested_items_to_be_public", "true") => {
                found.add(
                    "terraform-public-bucket",
                    attribute.line,
                    "Containers in this account may be opened to everybody.",
                );
            }
            ("member" | "members", members)
                if resource.starts_with("google_")
                    && (members.contains("allUsers")
                        || members.contains("allAuthenticatedUsers")) =>
            {
                found.add(
                    "terraform-public-bucket",
                    attribute.line,
                    "`allUsers` is everybody on the internet.",
                );
            }
            (
                "encrypted"
                | "storage_encrypted"
                | "at_rest_encryption_enabled"
                | "transit_encryption_enabled"
                | "enable_disk_encryption",
                "false",
            ) => {
                found.add(
                    "terraform-no-encryption",
                    attribute.line,
                    format!("`{} = false`.", attribute.name),
                );
            }
            _ => {}
        }
    }
}

fn policy(block: &Block, resource: &str, found: &mut Found<'_>) {
    let is_statement = block.kind == "statement"
        && block
            .value("effect")
            .is_none_or(|effect| effect.contains("Allow"));
    let all = |name: &str| {
        block
            .value(name)
            .is_some_and(|value| value.contains("\"*\""))
    };
    if is_statement && all("actions") && all("resources") {
        found.add(
            "terraform-wildcard-policy",
            block.line,
            "Every action on every resource is allowed.",
        );
    }
    if let Some(written) = block
        .attributes
        .iter()
        .find(|each| each.name == "policy" && resource.contains("iam"))
    {
        let plain: String = written
            .value
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '"' && *c != '\\')
            .collect();
        let has = |name: &str| {
            ["=*", ":*", "=[*]", ":[*]"]
                .iter()
                .any(|all| plain.contains(&format!("{name}{all}")))
        };
        if has("Action") && has("Resource") && !plain.contains("Effect:Deny") {
            found.add(
                "terraform-wildcard-policy",
                written.line,
                "Every action on every resource is allowed.",
            );
        }
    }
}
