//! FHIRPath 2.0 over [`Value`], compiled once: search parameters, invariants, patches and
//! subscriptions are all written in it.
//!
//! Refuses to fetch: `resolve()` finds what is contained or in the same Bundle, of anything else
//! it knows the type only. There is no clock; `now()` and `today()` answer what [`Environment`]
//! says. Depth, length and work of an expression are bounded, so strangers may send some.

mod decimal;
mod eval;
mod functions;
mod item;
mod lexer;
mod math;
mod operators;
mod parser;
mod strings;
mod temporal;
mod units;

use crate::Value;
use eval::Evaluator;
use parser::{Expr, Operator};

pub use decimal::Decimal;
pub(crate) use eval::reference_type;
pub use item::{Item, Node, Quantity, System};
pub use temporal::{Temporal, TemporalKind};

/// Why an expression could not be compiled or evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text is not FHIRPath.
    #[error("not a FHIRPath expression: {0}")]
    Syntax(String),
    /// It can't be evaluated on this input.
    #[error("the expression fails: {0}")]
    Failed(String),
}

impl PathError {
    fn syntax(problem: impl Into<String>) -> Self {
        Self::Syntax(problem.into())
    }

    fn failed(problem: impl Into<String>) -> Self {
        Self::Failed(problem.into())
    }
}

/// What an expression can ask of the world.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment<'a> {
    /// The present as a FHIR instant, for `now()`, `today()` and `timeOfDay()`; without it they fail.
    pub now: Option<&'a str>,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Program {
    expression: Expr,
}

impl Program {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`PathError::Syntax`].
    pub fn compile(text: &str) -> Result<Self, PathError> {
        Ok(Self { expression: parser::parse(text, false)? })
    }

    /// Compiles the expression of a search parameter: R4 writes `as` over several items there,
    /// and means those that have the type.
    ///
    /// # Errors
    /// [`PathError::Syntax`].
    pub fn compile_search(text: &str) -> Result<Self, PathError> {
        Ok(Self { expression: parser::parse(text, true)? })
    }

    /// The sides of a union as programs of their own, this one where it is none. Together they give
    /// what it gives, but a value may come twice: telling values apart takes quadratic work.
    #[must_use]
    pub fn sides(self) -> Vec<Self> {
        match self.expression {
            Expr::Binary(Operator::Union, both) => {
                <[Expr; 2]>::from(*both).into_iter().flat_map(|expression| Self { expression }.sides()).collect()
            }
            expression => vec![Self { expression }],
        }
    }

    /// Evaluates it on a resource.
    ///
    /// # Errors
    /// [`PathError::Failed`] where FHIRPath says so: more than one item where one is needed, types
    /// that have no order, or too much work.
    pub fn evaluate<'a>(
        &'a self,
        resource: &'a Value,
        environment: Environment<'a>,
    ) -> Result<Vec<Item<'a>>, PathError> {
        let focus: Vec<Item<'a>> = Node::root(resource).map(Item::Node).into_iter().collect();
        self.evaluate_from(&focus, resource, environment)
    }

    /// Evaluates it on items of a resource.
    ///
    /// # Errors
    /// As [`Program::evaluate`].
    pub fn evaluate_from<'a>(
        &'a self,
        focus: &[Item<'a>],
        resource: &'a Value,
        environment: Environment<'a>,
    ) -> Result<Vec<Item<'a>>, PathError> {
        Evaluator::new(resource, environment).evaluate(&self.expression, focus)
    }
}
