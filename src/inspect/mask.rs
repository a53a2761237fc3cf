//! Values as they may be shown. Pure.

/// Whether values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shown {
    /// Only their form.
    #[default]
    Masked,
    /// As they are.
    Values,
}

/// The longest value that is shown.
const LONGEST: usize = 40;

impl Shown {
    /// A value's text, in full or by its form: letters become x, digits 9.
    #[must_use]
    pub(super) fn text(self, value: &str) -> String {
        let masked = |next: char| match next {
            _ if self == Shown::Values => next,
            _ if next.is_ascii_digit() => '9',
            _ if next.is_alphanumeric() => 'x',
            _ if next.is_control() => ' ',
            _ => next,
        };
        let mut text: String = value.chars().take(LONGEST).map(masked).collect();
        if value.chars().count() > LONGEST {
            text.push('…');
        }
        text
    }
}
