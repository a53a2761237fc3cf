//! The history of a suite's nights: append-only files of JSON lines, and what they say when they are read again.

mod line;

pub use line::{
    Accepted, FigureLine, HISTORY_SCHEMA, Line, NightLine, ProbeReading, Repetition, Surroundings,
};
