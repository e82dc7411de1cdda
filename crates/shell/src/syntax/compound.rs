//! Compound commands: what holds other commands. Each yields the lists inside
//! it; which of them run is left open.

use super::cursor::{Parser, is_meta, is_name};
use super::{Command, Dialect, GaveUp, Kind, RawWord, Result, Script, Value};

impl Parser<'_> {
    /// The compound command that starts here, if one does.
    pub(super) fn compound(&mut self) -> Result<Option<Kind>> {
        if self.dialect == Dialect::Zsh && self.peek() == Some('{') && self.reserved().is_none() {
            return Err(GaveUp("zsh may open a group with this `{`".to_owned()));
        }
        let kind = match self.reserved() {
            Some("{") => self.group()?,
            Some("if") => self.conditional()?,
            Some("while" | "until") => self.repetition()?,
            Some("for" | "select") => self.loop_over()?,
            Some("case") => self.case()?,
            Some("function") => return self.function().map(Some),
            Some("[[") => self.test()?,
            Some("coproc") => self.coprocess()?,
            Some("in" | "]]" | "time" | "!") | None => return self.parenthesised(),
            Some(word) => {
                return Err(GaveUp(format!(
                    "`{word}` stands where no command can start"
                )));
            }
        };
        Ok(Some(kind))
    }

    fn group(&mut self) -> Result<Kind> {
        self.eat('{');
        let body = self.full_list()?;
        self.expect("}")?;
        Ok(Kind::Group { body, apart: false })
    }

    /// `coproc`, with a name where what follows is a compound command.
    fn coprocess(&mut self) -> Result<Kind> {
        if self.dialect != Dialect::Bash {
            return Err(GaveUp("shells disagree on `coproc`".to_owned()));
        }
        self.eat_all("coproc");
        self.blanks()?;
        let start = self.at;
        let name = self.word()?;
        self.blanks()?;
        let named = name
            .as_ref()
            .and_then(RawWord::plain)
            .map(ToOwned::to_owned);
        let compound = matches!(
            self.reserved(),
            Some("{" | "if" | "while" | "until" | "for" | "select" | "case" | "[[")
        ) || self.peek() == Some('(');
        let name = match named {
            Some(name) if compound && is_variable(&name) => name,
            _ => {
                self.at = start;
                "COPROC".to_owned()
            }
        };
        let body: Command = self.deeper(Self::command)?;
        Ok(Kind::Coprocess {
            name,
            body: Box::new(body),
        })
    }

    fn conditional(&mut self) -> Result<Kind> {
        self.eat_all("if");
        let mut arms = Vec::new();
        loop {
            let condition = self.full_list()?;
            self.expect("then")?;
            arms.push((condition, self.full_list()?));
            if self.eat_reserved("elif") {
                continue;
            }
            let otherwise = if self.eat_reserved("else") {
                Some(self.full_list()?)
            } else {
                None
            };
            self.expect("fi")?;
            return Ok(Kind::If { arms, otherwise });
        }
    }

    fn repetition(&mut self) -> Result<Kind> {
        if !self.eat_all("while") {
            self.eat_all("until");
        }
        let condition = self.full_list()?;
        let body = self.loop_body()?;
        Ok(Kind::While { condition, body })
    }

    fn loop_body(&mut self) -> Result<Script> {
        self.expect("do")?;
        let body = self.full_list()?;
        self.expect("done")?;
        Ok(body)
    }

    /// `for`, in both forms, and `select`.
    fn loop_over(&mut self) -> Result<Kind> {
        let select = !self.eat_all("for");
        if select {
            self.eat_all("select");
        }
        self.blanks()?;
        if self.sees("((") {
            let inner = self
                .arithmetic_command()?
                .ok_or_else(|| self.unexpected())?;
            let body = Some(self.after_head()?);
            return Ok(Kind::Arithmetic {
                inner: RawWord::of(inner),
                body,
            });
        }
        let name = self.name()?;
        let mut words = None;
        self.lines()?;
        if self.eat_reserved("in") {
            words = Some(self.words()?);
        }
        let body = self.after_head()?;
        Ok(Kind::For {
            name,
            words,
            body,
            select,
        })
    }

    fn after_head(&mut self) -> Result<Script> {
        self.lines()?;
        self.eat(';');
        self.lines()?;
        self.loop_body_or_group()
    }

    /// bash takes `{ … }` for `do … done` in a `for`.
    fn loop_body_or_group(&mut self) -> Result<Script> {
        if self.eat_reserved("{") {
            let body = self.full_list()?;
            self.expect("}")?;
            return Ok(body);
        }
        self.loop_body()
    }

    fn words(&mut self) -> Result<Vec<RawWord>> {
        let mut words = Vec::new();
        loop {
            self.blanks()?;
            match self.word()? {
                Some(word) => words.push(word),
                None => return Ok(words),
            }
        }
    }

    /// A name that has no quoting.
    fn name(&mut self) -> Result<String> {
        self.blanks()?;
        let word = self.word()?.ok_or_else(|| self.unexpected())?;
        word.plain().map(ToOwned::to_owned).ok_or_else(|| {
            GaveUp(format!(
                "`{}` is no plain name",
                word.written.escape_debug()
            ))
        })
    }

    fn case(&mut self) -> Result<Kind> {
        self.eat_all("case");
        self.blanks()?;
        let word = self.word()?.ok_or_else(|| self.unexpected())?;
        self.expect("in")?;
        let mut clauses = Vec::new();
        loop {
            self.lines()?;
            if self.eat_reserved("esac") {
                return Ok(Kind::Case { word, clauses });
            }
            let patterns = self.patterns()?;
            clauses.push((patterns, self.list()?));
            let ended = self.eat_all(";;&") || self.eat_all(";;") || self.eat_all(";&");
            self.lines()?;
            if !ended && self.reserved() != Some("esac") {
                return Err(self.unexpected());
            }
        }
    }

    /// The patterns of one clause, with the parenthesis that ends them.
    fn patterns(&mut self) -> Result<Vec<RawWord>> {
        let mut words = Vec::new();
        self.eat('(');
        loop {
            self.blanks()?;
            words.push(self.word()?.ok_or_else(|| self.unexpected())?);
            self.blanks()?;
            if self.eat(')') {
                return Ok(words);
            }
            if !self.eat('|') {
                return Err(self.unexpected());
            }
        }
    }

    /// `function name`, with or without parentheses.
    fn function(&mut self) -> Result<Kind> {
        self.eat_all("function");
        let name = self.name()?;
        self.blanks()?;
        if self.eat('(') {
            self.blanks()?;
            if !self.eat(')') {
                return Err(self.unexpected());
            }
        }
        Ok(self.function_body(name)?.kind)
    }

    /// `[[ … ]]`. Its operators are of no interest, its words are.
    fn test(&mut self) -> Result<Kind> {
        if self.dialect == Dialect::Posix {
            return Err(GaveUp("not every shell has `[[`".to_owned()));
        }
        self.eat_all("[[");
        let mut words = Vec::new();
        loop {
            while matches!(self.peek(), Some(' ' | '\t' | '\n')) {
                self.at += 1;
            }
            self.work(1)?;
            if !self.pending.is_empty() {
                return Err(GaveUp("a here-document stands before `[[`".to_owned()));
            }
            if self.eat_reserved("]]") {
                return Ok(Kind::Test(words));
            }
            match self.peek() {
                Some('#' | ';') | None => return Err(self.unexpected()),
                Some('&') if !self.sees("&&") => return Err(self.unexpected()),
                Some(_) => {}
            }
            match self.word()? {
                Some(word) => words.push(word),
                None => words.push(self.operator()),
            }
        }
    }

    /// Signs between the words of `[[`.
    fn operator(&mut self) -> RawWord {
        let mut word = RawWord::default();
        if !self.eat_all("&&") {
            self.take();
        }
        word.push('&', true);
        word
    }

    /// `( … )` and `(( … ))`.
    fn parenthesised(&mut self) -> Result<Option<Kind>> {
        if self.sees("((") {
            if self.dialect == Dialect::Posix {
                return Err(GaveUp("not every shell has `((`".to_owned()));
            }
            let start = self.at;
            if let Some(inner) = self.arithmetic_command()? {
                return Ok(Some(Kind::Arithmetic {
                    inner: RawWord::of(inner),
                    body: None,
                }));
            }
            self.at = start;
        }
        if !self.eat('(') {
            return Ok(None);
        }
        let body = self.full_list()?;
        if !self.eat(')') {
            return Err(self.unexpected());
        }
        Ok(Some(Kind::Group { body, apart: true }))
    }

    /// `((…))`: what happens in it. Nothing if it is no arithmetic.
    fn arithmetic_command(&mut self) -> Result<Option<Value>> {
        self.eat_all("((");
        self.deeper(Self::arithmetic)
    }
}

/// Whether `text` could name a variable.
pub(super) fn is_variable(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name) && !text.chars().any(is_meta)
}
