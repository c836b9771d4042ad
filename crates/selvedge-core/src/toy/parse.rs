//! Reads the notation of the oracle tables.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{BinaryOp, Expr, Program, Stmt};
use crate::op::{MemoryOrder, Rmw, RwLockOp, YieldKind};
use crate::time::Time;

/// Why a text is no program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cannot read '{found}': {expected} expected")]
pub struct ParseError {
    /// What stood there.
    pub found: String,
    /// What should have.
    pub expected: &'static str,
}

impl Program {
    /// Reads `T0: stmt; stmt | T1: stmt`. Before the threads, plain shared
    /// variables may be declared: `plain bal=50 closed=0 | T0: ...`. Before all
    /// that, `virtual` asks for virtual time.
    ///
    /// # Errors
    /// Names the first word that does not fit.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut program = Program::default();
        let text = match text.trim().strip_prefix("virtual ") {
            Some(rest) => {
                program.time = Time::Virtual;
                rest
            }
            None => text,
        };
        let text = match text.trim().strip_prefix("plain ") {
            Some(rest) => {
                let (list, rest) = rest.split_once('|').unwrap_or((rest, ""));
                for item in list.split_whitespace() {
                    let bad = || ParseError { found: item.to_owned(), expected: "name=value" };
                    let (name, value) = item.split_once('=').ok_or_else(bad)?;
                    program.plain.insert(name.to_owned(), value.parse().map_err(|_| bad())?);
                }
                rest
            }
            None => text,
        };
        let mut threads: BTreeMap<usize, Vec<Stmt>> = BTreeMap::new();
        for part in split_threads(text) {
            let bad = || ParseError { found: part.to_owned(), expected: "Tn: ..." };
            let (name, body) = part.split_once(':').ok_or_else(bad)?;
            let number = thread_number(name.trim()).ok_or_else(bad)?;
            let mut parser = Parser { tokens: tokens(body), at: 0 };
            threads.insert(number, parser.block()?);
            parser.end()?;
        }
        for (expected, (number, block)) in threads.into_iter().enumerate() {
            if number != expected {
                let found = format!("T{number}");
                return Err(ParseError { found, expected: "threads numbered from 0" });
            }
            program.threads.push(block);
        }
        Ok(program)
    }
}

/// Threads are separated by `|`; `||` is an operator.
fn split_threads(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let (mut start, mut i) = (0, 0);
    while i < bytes.len() {
        if bytes[i] == b'|' {
            if bytes.get(i + 1) == Some(&b'|') {
                i += 2;
                continue;
            }
            parts.push(text[start..i].trim());
            start = i + 1;
        }
        i += 1;
    }
    parts.push(text[start..].trim());
    parts
}

fn thread_number(name: &str) -> Option<usize> {
    name.strip_prefix('T')?.parse().ok()
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = if word > 0 {
            word
        } else if ["==", "!=", "<=", ">=", "&&", "||"].iter().any(|op| rest.starts_with(op)) {
            2
        } else {
            rest.chars().next().map_or(0, char::len_utf8)
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

struct Parser {
    tokens: Vec<String>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn error<T>(&self, expected: &'static str) -> Result<T, ParseError> {
        let found = if self.peek().is_empty() { "end of text" } else { self.peek() };
        Err(ParseError { found: found.to_owned(), expected })
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek() == token;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &'static str) -> Result<(), ParseError> {
        if self.take(token) { Ok(()) } else { self.error(token) }
    }

    fn end(&self) -> Result<(), ParseError> {
        if self.peek().is_empty() { Ok(()) } else { self.error("the end of the thread") }
    }

    fn word(&mut self) -> Result<String, ParseError> {
        if self.peek().starts_with(|c: char| c.is_alphabetic() || c == '_') {
            self.at += 1;
            Ok(self.tokens[self.at - 1].clone())
        } else {
            self.error("a name")
        }
    }

    fn number<N: std::str::FromStr>(&mut self) -> Result<N, ParseError> {
        match self.peek().parse() {
            Ok(n) => {
                self.at += 1;
                Ok(n)
            }
            Err(_) => self.error("a number"),
        }
    }

    fn thread(&mut self) -> Result<usize, ParseError> {
        match thread_number(self.peek()) {
            Some(n) => {
                self.at += 1;
                Ok(n)
            }
            None => self.error("a thread"),
        }
    }

    fn order(&mut self) -> Result<MemoryOrder, ParseError> {
        let order = match self.peek() {
            "na" | "rlx" => MemoryOrder::Relaxed,
            "acq" => MemoryOrder::Acquire,
            "rel" => MemoryOrder::Release,
            "ar" => MemoryOrder::AcqRel,
            "sc" => MemoryOrder::SeqCst,
            _ => return self.error("a memory order"),
        };
        self.at += 1;
        Ok(order)
    }

    fn block(&mut self) -> Result<Vec<Stmt>, ParseError> {
        let mut block = Vec::new();
        loop {
            while self.take(";") {}
            if matches!(self.peek(), "" | "}") {
                return Ok(block);
            }
            block.push(self.stmt()?);
        }
    }

    fn braces(&mut self) -> Result<Vec<Stmt>, ParseError> {
        self.expect("{")?;
        let block = self.block()?;
        self.expect("}")?;
        Ok(block)
    }

    fn stmt(&mut self) -> Result<Stmt, ParseError> {
        let word = self.word()?;
        Ok(match word.as_str() {
            "W" => Stmt::Store(self.word()?, self.expr()?, self.order()?),
            "F" => Stmt::Fence(self.order()?),
            "LOCK" => self.lock()?,
            "UNLOCK" => {
                let mutex = self.word()?;
                let _ = self.order();
                Stmt::Unlock(mutex)
            }
            "RLOCK" => Stmt::RwLock(RwLockOp::Read, self.word()?),
            "RUNLOCK" => Stmt::RwLock(RwLockOp::UnlockRead, self.word()?),
            "WLOCK" => Stmt::RwLock(RwLockOp::Write, self.word()?),
            "WUNLOCK" => Stmt::RwLock(RwLockOp::UnlockWrite, self.word()?),
            "WAIT" => Stmt::Wait(self.word()?, self.word()?),
            "NOTIFY" => Stmt::Notify(self.word()?),
            "NOTIFYALL" => Stmt::NotifyAll(self.word()?),
            "ONCEEND" => Stmt::OnceEnd(self.word()?, self.number::<u32>()? == 1),
            "PARK" => Stmt::Park,
            "UNPARK" => Stmt::Unpark(self.thread()?),
            "SLEEP" => Stmt::Sleep(self.number()?),
            "SPIN" => Stmt::Yield(YieldKind::Spin),
            "YIELD" => Stmt::Yield(YieldKind::Polite),
            "while" => Stmt::While(self.expr()?, self.braces()?),
            "SEND" => Stmt::Send(self.word()?, self.number()?),
            "CLOSE" => Stmt::Close(self.word()?, self.number()?),
            "PEEK" => Stmt::Peek(self.word()?),
            "POKE" => Stmt::Poke(self.word()?),
            "SPAWN" => Stmt::Spawn(self.thread()?),
            "JOIN" => Stmt::Join(self.thread()?),
            "assume" => Stmt::Assume(self.expr()?),
            "assert" => Stmt::Assert(self.expr()?),
            "return" => Stmt::Return,
            "rep" => Stmt::Rep(self.number()?, self.braces()?),
            "if" => {
                let cond = self.expr()?;
                let then = self.braces()?;
                let otherwise = if self.take("else") { self.braces()? } else { Vec::new() };
                Stmt::If(cond, then, otherwise)
            }
            _ => {
                self.expect("=")?;
                self.assignment(word)?
            }
        })
    }

    fn lock(&mut self) -> Result<Stmt, ParseError> {
        let mutex = self.word()?;
        // The litmus tables give locks an order; ours always acquire.
        let _ = self.order();
        Ok(Stmt::Lock(mutex))
    }

    fn assignment(&mut self, r: String) -> Result<Stmt, ParseError> {
        let keyword = self.peek().to_owned();
        let reads = matches!(
            keyword.as_str(),
            "R" | "FADD"
                | "XCHG"
                | "CAS"
                | "TRY"
                | "RECV"
                | "TRYRECV"
                | "ANY"
                | "ONCE"
                | "ONCEFORCE"
                | "SELECT"
                | "WAITBY"
                | "PARKBY"
                | "RECVBY"
                | "TRYSEND"
                | "SENDBY"
        );
        if !reads {
            return Ok(Stmt::Assign(r, self.expr()?));
        }
        self.at += 1;
        Ok(match keyword.as_str() {
            "R" => Stmt::Load(r, self.word()?, self.order()?),
            "FADD" => Stmt::Rmw(r, Rmw::Add, self.word()?, self.expr()?, self.order()?),
            "XCHG" => Stmt::Rmw(r, Rmw::Swap, self.word()?, self.expr()?, self.order()?),
            "CAS" => {
                let x = self.word()?;
                let (expected, new) = (self.atom()?, self.atom()?);
                Stmt::Cas(r, x, expected, new, self.order()?, self.order()?)
            }
            "TRY" => Stmt::TryLock(r, self.word()?),
            "ONCE" => Stmt::Once(r, self.word()?, false),
            "ONCEFORCE" => Stmt::Once(r, self.word()?, true),
            "SELECT" => {
                let first = (self.word()?, self.number()?);
                Stmt::Select(r, [first, (self.word()?, self.number()?)])
            }
            "WAITBY" => Stmt::WaitBy(r, self.word()?, self.word()?, self.number()?),
            "PARKBY" => Stmt::ParkBy(r, self.number()?),
            "RECVBY" => Stmt::RecvBy(r, self.word()?, self.number()?, self.number()?),
            "TRYSEND" => Stmt::TrySend(r, self.word()?, self.number()?),
            "SENDBY" => Stmt::SendBy(r, self.word()?, self.number()?, self.number()?),
            "RECV" => Stmt::Recv(r, self.word()?, self.number()?),
            "TRYRECV" => Stmt::TryRecv(r, self.word()?, self.number()?),
            _ => Stmt::Any(r, self.number()?),
        })
    }

    fn expr(&mut self) -> Result<Expr, ParseError> {
        self.binary(0)
    }

    fn binary(&mut self, level: usize) -> Result<Expr, ParseError> {
        const LEVELS: [&[(&str, BinaryOp)]; 6] = [
            &[("||", BinaryOp::Or)],
            &[("&&", BinaryOp::And)],
            &[
                ("==", BinaryOp::Eq),
                ("!=", BinaryOp::Ne),
                ("<=", BinaryOp::Le),
                (">=", BinaryOp::Ge),
                ("<", BinaryOp::Lt),
                (">", BinaryOp::Gt),
            ],
            &[("^", BinaryOp::Xor)],
            &[("+", BinaryOp::Add), ("-", BinaryOp::Sub)],
            &[("*", BinaryOp::Mul)],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return self.atom();
        };
        let mut left = self.binary(level + 1)?;
        while let Some((_, op)) = operators.iter().find(|(token, _)| *token == self.peek()) {
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = Expr::Binary(Box::new(left), *op, Box::new(right));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Expr, ParseError> {
        if self.take("(") {
            let inner = self.expr()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("!") {
            return Ok(Expr::Not(Box::new(self.atom()?)));
        }
        if self.take("-") {
            let zero = Box::new(Expr::Int(0));
            return Ok(Expr::Binary(zero, BinaryOp::Sub, Box::new(self.atom()?)));
        }
        if self.peek().starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Expr::Int(self.number()?));
        }
        Ok(Expr::Name(self.word()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_notation() {
        let program = Program::parse(
            "plain bal=50 | T0: LOCK a; b = bal; UNLOCK a; if b>=40 { bal = b-40 } else { return } \
             | T1: rep 2 { a = FADD x 1 sc }; c = CAS x 0 -1 ar acq",
        )
        .unwrap();
        assert_eq!(program.plain["bal"], 50);
        assert_eq!(program.threads[0].len(), 4);
        assert!(matches!(&program.threads[1][1], Stmt::Cas(_, _, Expr::Int(0), ..)));
    }

    #[test]
    fn binds_as_usual() {
        // Products, then sums, exclusive or, comparisons.
        let program = Program::parse("T0: a = 1+2*3 ^ 2 == 5; b = 1+(a^a)").unwrap();
        let value = |text: &str| match &Program::parse(text).unwrap().threads[0][0] {
            Stmt::Assign(_, e) => e.clone(),
            other => panic!("an assignment, and not {other:?}"),
        };
        assert_eq!(
            program.threads[0][0],
            Stmt::Assign("a".into(), value("T0: a = ((1+(2*3))^2)==5"))
        );
        assert_eq!(BinaryOp::Xor.apply(7, 2), 5);
    }

    #[test]
    fn errors_name_the_word() {
        let error = |text: &str| Program::parse(text).unwrap_err().to_string();
        assert_eq!(error("T0: W x 1 seq"), "cannot read 'seq': a memory order expected");
        assert_eq!(error("T0: if a { W x 1 sc"), "cannot read 'end of text': } expected");
        assert_eq!(error("T1: F sc"), "cannot read 'T1': threads numbered from 0 expected");
    }
}
