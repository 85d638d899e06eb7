//! From words to an expression tree (FHIRPath 2.0, appendix B: precedence).

use super::PathError;
use super::decimal::Decimal;
use super::functions;
use super::item::{Quantity, System};
use super::lexer::{Token, words};
use super::temporal::Temporal;

/// An expression.
#[derive(Debug)]
pub(super) enum Expr {
    /// `{}`
    Empty,
    Literal(System<'static>),
    /// What the expression is asked of: `$this`.
    This,
    Index,
    Total,
    /// `%name`
    Variable(String),
    /// A name at the start of a path: an element, or the type of what it is asked of.
    Start(String),
    Member(Box<Expr>, String),
    Item(Box<Expr>, Box<Expr>),
    Call(Box<Call>),
    Negate(Box<Expr>),
    Binary(Operator, Box<(Expr, Expr)>),
    Type(TypeTest, Box<Expr>, TypeName),
}

/// A function call.
#[derive(Debug)]
pub(super) struct Call {
    pub input: Expr,
    pub name: &'static str,
    pub arguments: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeTest {
    Is,
    As,
    OfType,
}

/// `FHIR.Patient`, `System.String`, `code`.
#[derive(Clone, Debug)]
pub(super) struct TypeName {
    pub namespace: Option<String>,
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Times,
    Divide,
    Div,
    Mod,
    Plus,
    Minus,
    Concatenate,
    Union,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Equivalent,
    NotEquivalent,
    In,
    Contains,
    And,
    Or,
    Xor,
    Implies,
}

/// Deepest nesting of an expression.
const MAX_DEPTH: usize = 60;
const UNITS: [&str; 8] = ["year", "month", "week", "day", "hour", "minute", "second", "millisecond"];

/// Parses the whole text. `filtering`: `as` keeps what has the type, as search parameters of R4
/// write it over several items, instead of refusing more than one.
pub(super) fn parse(text: &str, filtering: bool) -> Result<Expr, PathError> {
    let mut parser = Parser { words: words(text)?, at: 0, depth: 0, filtering };
    let expression = parser.expression(0)?;
    match parser.words.get(parser.at) {
        None => Ok(expression),
        Some(word) => Err(PathError::syntax(format!("unexpected {word:?}"))),
    }
}

struct Parser {
    words: Vec<Token>,
    at: usize,
    depth: usize,
    filtering: bool,
}

enum Infix {
    Operator(Operator),
    Type(TypeTest),
}

impl Parser {
    fn next(&mut self) -> Result<Token, PathError> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word.ok_or_else(|| PathError::syntax("the expression ends too soon"))
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.words.get(self.at), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn needs(&mut self, sign: &str) -> Result<(), PathError> {
        if self.takes(sign) { Ok(()) } else { Err(PathError::syntax(format!("{sign:?} is missing"))) }
    }

    /// The operator here and how tightly it binds.
    fn infix(&self) -> Option<(Infix, u8)> {
        let text = match self.words.get(self.at)? {
            Token::Sign(sign) => *sign,
            Token::Name(name) => name.as_str(),
            _ => return None,
        };
        let (operator, binds) = match text {
            "*" => (Operator::Times, 10),
            "/" => (Operator::Divide, 10),
            "div" => (Operator::Div, 10),
            "mod" => (Operator::Mod, 10),
            "+" => (Operator::Plus, 9),
            "-" => (Operator::Minus, 9),
            "&" => (Operator::Concatenate, 9),
            "is" => return Some((Infix::Type(TypeTest::Is), 8)),
            "as" => return Some((Infix::Type(self.conversion()), 8)),
            "|" => (Operator::Union, 7),
            "<" => (Operator::Less, 6),
            ">" => (Operator::Greater, 6),
            "<=" => (Operator::LessOrEqual, 6),
            ">=" => (Operator::GreaterOrEqual, 6),
            "=" => (Operator::Equal, 5),
            "!=" => (Operator::NotEqual, 5),
            "~" => (Operator::Equivalent, 5),
            "!~" => (Operator::NotEquivalent, 5),
            "in" => (Operator::In, 4),
            "contains" => (Operator::Contains, 4),
            "and" => (Operator::And, 3),
            "or" => (Operator::Or, 2),
            "xor" => (Operator::Xor, 2),
            "implies" => (Operator::Implies, 1),
            _ => return None,
        };
        Some((Infix::Operator(operator), binds))
    }

    fn conversion(&self) -> TypeTest {
        if self.filtering { TypeTest::OfType } else { TypeTest::As }
    }

    fn expression(&mut self, least: u8) -> Result<Expr, PathError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PathError::syntax("nested too deeply"));
        }
        let mut left = self.unary()?;
        // A chain of operators makes a tree as deep as it is long, so its length is bounded too.
        let mut length = 0;
        while let Some((infix, binds)) = self.infix().filter(|(_, binds)| *binds > least) {
            self.at += 1;
            length += 1;
            if length > 10 * MAX_DEPTH {
                return Err(PathError::syntax("too many operators"));
            }
            left = match infix {
                Infix::Operator(operator) => Expr::Binary(operator, Box::new((left, self.expression(binds)?))),
                Infix::Type(test) => {
                    let name = self.type_name()?;
                    Expr::Type(test, Box::new(left), name)
                }
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, PathError> {
        if self.takes("-") {
            // Binds looser than a call: -1.abs() is -(1.abs()).
            return Ok(Expr::Negate(Box::new(self.path()?)));
        }
        self.takes("+");
        self.path()
    }

    fn path(&mut self) -> Result<Expr, PathError> {
        let mut left = self.term()?;
        let mut length = 0;
        loop {
            if self.takes(".") {
                left = self.invocation(left)?;
            } else if self.takes("[") {
                let index = self.expression(0)?;
                self.needs("]")?;
                left = Expr::Item(Box::new(left), Box::new(index));
            } else {
                return Ok(left);
            }
            length += 1;
            if length > 5 * MAX_DEPTH {
                return Err(PathError::syntax("the path is too long"));
            }
        }
    }

    fn invocation(&mut self, input: Expr) -> Result<Expr, PathError> {
        match self.next()? {
            Token::Name(name) if self.takes("(") => self.call(input, &name),
            Token::Name(name) | Token::Quoted(name) => Ok(Expr::Member(Box::new(input), name)),
            Token::Special(name) => special(&name),
            other => Err(PathError::syntax(format!("a name is needed after the dot, not {other:?}"))),
        }
    }

    fn term(&mut self) -> Result<Expr, PathError> {
        match self.next()? {
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                self.needs(")")?;
                Ok(inner)
            }
            Token::Sign("{") => self.needs("}").map(|()| Expr::Empty),
            Token::Text(text) => Ok(Expr::Literal(System::String(text.into()))),
            Token::Number(number) => self.number(&number),
            Token::Moment(text) => moment(&text),
            Token::Variable(name) => Ok(Expr::Variable(name)),
            Token::Special(name) => special(&name),
            Token::Name(name) if name == "true" || name == "false" => {
                Ok(Expr::Literal(System::Boolean(name == "true")))
            }
            Token::Name(name) if self.takes("(") => self.call(Expr::This, &name),
            Token::Name(name) | Token::Quoted(name) => Ok(Expr::Start(name)),
            other => Err(PathError::syntax(format!("unexpected {other:?}"))),
        }
    }

    /// A number, or a quantity if a unit follows.
    fn number(&mut self, text: &str) -> Result<Expr, PathError> {
        let value = Decimal::parse(text).ok_or_else(|| PathError::syntax("a number with too many digits"))?;
        let unit = match self.words.get(self.at) {
            Some(Token::Text(unit)) => Some((unit.clone(), false)),
            Some(Token::Name(name)) => {
                let single = name.strip_suffix('s').unwrap_or(name);
                UNITS.contains(&single).then(|| (single.to_owned(), true))
            }
            _ => None,
        };
        if let Some((unit, calendar)) = unit {
            self.at += 1;
            return Ok(Expr::Literal(System::Quantity(Quantity { value, unit, calendar })));
        }
        Ok(Expr::Literal(match value.as_i64().filter(|_| !text.contains('.')) {
            Some(whole) => System::Integer(whole),
            None => System::Decimal(value),
        }))
    }

    fn call(&mut self, input: Expr, name: &str) -> Result<Expr, PathError> {
        let test = match name {
            "is" => Some(TypeTest::Is),
            "as" => Some(self.conversion()),
            "ofType" => Some(TypeTest::OfType),
            _ => None,
        };
        if let Some(test) = test {
            let type_name = self.type_name()?;
            self.needs(")")?;
            return Ok(Expr::Type(test, Box::new(input), type_name));
        }
        let mut arguments = Vec::new();
        if !self.takes(")") {
            loop {
                let argument = self.expression(0)?;
                // `sort($this desc)`: the direction is kept as the sign that FHIRPath 2 knows.
                let downwards = matches!(self.words.get(self.at), Some(Token::Name(word)) if word == "desc");
                let upwards = matches!(self.words.get(self.at), Some(Token::Name(word)) if word == "asc");
                self.at += usize::from(name == "sort" && (downwards || upwards));
                let negated = name == "sort" && downwards;
                arguments.push(if negated { Expr::Negate(Box::new(argument)) } else { argument });
                if !self.takes(",") {
                    break;
                }
            }
            self.needs(")")?;
        }
        let (name, least, most) =
            functions::known(name).ok_or_else(|| PathError::syntax(format!("there is no function {name}()")))?;
        if !(least..=most).contains(&arguments.len()) {
            return Err(PathError::syntax(format!("{name}() takes {least} to {most} arguments")));
        }
        Ok(Expr::Call(Box::new(Call { input, name, arguments })))
    }

    fn type_name(&mut self) -> Result<TypeName, PathError> {
        let part = |word: Token| match word {
            Token::Name(name) | Token::Quoted(name) => Ok(name),
            other => Err(PathError::syntax(format!("a type is needed, not {other:?}"))),
        };
        let first = part(self.next()?)?;
        let qualified = matches!(first.as_str(), "FHIR" | "System") && self.takes(".");
        if !qualified {
            return Ok(TypeName { namespace: None, name: first });
        }
        let name = part(self.next()?)?;
        Ok(TypeName { namespace: Some(first), name })
    }
}

fn special(name: &str) -> Result<Expr, PathError> {
    match name {
        "this" => Ok(Expr::This),
        "index" => Ok(Expr::Index),
        "total" => Ok(Expr::Total),
        _ => Err(PathError::syntax(format!("there is no ${name}"))),
    }
}

fn moment(text: &str) -> Result<Expr, PathError> {
    let found = match text.strip_prefix('T') {
        Some(time) => Temporal::time(time),
        None if text.contains('T') => Temporal::date_time(text),
        None => Temporal::date(text),
    };
    let found = found.ok_or_else(|| PathError::syntax(format!("@{text} is no date or time")))?;
    Ok(Expr::Literal(System::Temporal(found)))
}
