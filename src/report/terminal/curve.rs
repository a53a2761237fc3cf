//! Curves as a person sees them: what was imported, a curve in figures, and the arrivals that fit it.

mod fit;
mod import;
mod show;

pub(crate) use fit::fitted_arrivals;
pub(crate) use import::imported_curve;
pub(crate) use show::curve_figures;
