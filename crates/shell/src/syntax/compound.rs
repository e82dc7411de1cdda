//! Compound commands: what holds other commands. Each yields the lists inside
//! it; which of them run is left open.

use super::cursor::{Parser, is_meta, is_name};
use super::{Dialect, GaveUp, Inner, Kind, RawWord, Result, Script};

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
            Some("coproc") => return Err(GaveUp("`coproc` is not read".to_owned())),
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
        Ok(bodies(vec![body]))
    }

    fn conditional(&mut self) -> Result<Kind> {
        self.eat_all("if");
        let mut all = vec![self.full_list()?];
        loop {
            self.expect("then")?;
            all.push(self.full_list()?);
            if self.eat_reserved("elif") {
                all.push(self.full_list()?);
                continue;
            }
            if self.eat_reserved("else") {
                all.push(self.full_list()?);
            }
            self.expect("fi")?;
            return Ok(bodies(all));
        }
    }

    fn repetition(&mut self) -> Result<Kind> {
        if !self.eat_all("while") {
            self.eat_all("until");
        }
        let condition = self.full_list()?;
        Ok(bodies(vec![condition, self.loop_body()?]))
    }

    fn loop_body(&mut self) -> Result<Script> {
        self.expect("do")?;
        let body = self.full_list()?;
        self.expect("done")?;
        Ok(body)
    }

    /// `for`, in both forms, and `select`.
    fn loop_over(&mut self) -> Result<Kind> {
        if !self.eat_all("for") {
            self.eat_all("select");
        }
        self.blanks()?;
        let mut words = Vec::new();
        let mut bodies = Vec::new();
        let mut binds = None;
        if self.sees("((") {
            let inner = self
                .arithmetic_command()?
                .ok_or_else(|| self.unexpected())?;
            words.push(RawWord::of_inner(inner));
            self.lines()?;
            self.eat(';');
        } else {
            binds = Some(self.name()?);
            self.lines()?;
            if self.eat_reserved("in") {
                words = self.words()?;
            }
            self.lines()?;
            self.eat(';');
        }
        self.lines()?;
        bodies.push(self.loop_body_or_group()?);
        Ok(Kind::Compound {
            binds,
            words,
            bodies,
        })
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
        let mut words = vec![self.word()?.ok_or_else(|| self.unexpected())?];
        self.expect("in")?;
        let mut bodies = Vec::new();
        loop {
            self.lines()?;
            if self.eat_reserved("esac") {
                return Ok(Kind::Compound {
                    binds: None,
                    words,
                    bodies,
                });
            }
            self.patterns(&mut words)?;
            bodies.push(self.list()?);
            let ended = self.eat_all(";;&") || self.eat_all(";;") || self.eat_all(";&");
            self.lines()?;
            if !ended && self.reserved() != Some("esac") {
                return Err(self.unexpected());
            }
        }
    }

    /// The patterns of one clause, with the parenthesis that ends them.
    fn patterns(&mut self, words: &mut Vec<RawWord>) -> Result<()> {
        self.eat('(');
        loop {
            self.blanks()?;
            words.push(self.word()?.ok_or_else(|| self.unexpected())?);
            self.blanks()?;
            if self.eat(')') {
                return Ok(());
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
                return Ok(Some(Kind::Compound {
                    binds: None,
                    words: vec![RawWord::of_inner(inner)],
                    bodies: Vec::new(),
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
        Ok(Some(bodies(vec![body])))
    }

    /// `((…))`: what happens in it. Nothing if it is no arithmetic.
    fn arithmetic_command(&mut self) -> Result<Option<Vec<Inner>>> {
        self.eat_all("((");
        self.deeper(Self::arithmetic)
    }
}

fn bodies(bodies: Vec<Script>) -> Kind {
    Kind::Compound {
        binds: None,
        words: Vec::new(),
        bodies,
    }
}

/// Whether `text` could name a variable.
pub(super) fn is_variable(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name) && !text.chars().any(is_meta)
}
