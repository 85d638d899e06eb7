//! The pages as a browser sees them: the router over a throw-away store.

mod account;
mod agreements;
mod appointments;
mod bad;
mod browser;
mod chain;
mod circuit;
mod clinic;
mod code;
mod desk;
mod figures;
mod files;
mod forms;
mod history;
mod house;
mod illegal;
mod inference;
mod late;
mod network;
mod office;
mod oversight;
mod person;
mod phone;
mod post;
mod print;
mod queue;
mod registration;
mod sensitive;
mod sheet;

use browser::{Answer, Browser, PASSWORD, Site, new_user};
