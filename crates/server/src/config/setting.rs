//! What a setting is: one field of a section, with its words, its default, its variable and its bounds in one place.
//!
//! The struct, the reader, the reference and the commented example file all come from the same declaration.

use super::source::Around;
use toml::de::DeValue;

/// A part of the settings file.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The name of its table; empty for the keys at the top of the file.
    pub path: &'static str,
    pub about: &'static [&'static str],
    pub settings: &'static [Setting],
}

/// One setting, as the reference prints it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub section: &'static str,
    pub key: &'static str,
    pub about: &'static [&'static str],
    pub kind: &'static str,
    /// The default as TOML; nothing when there is none.
    pub default: &'static str,
    /// What to show where there is no default.
    pub example: &'static [&'static str],
    pub env: &'static [&'static str],
    pub range: &'static [(i64, i64)],
}

impl Setting {
    /// `section.key`
    pub fn name(&self) -> String {
        if self.section.is_empty() { self.key.to_owned() } else { format!("{}.{}", self.section, self.key) }
    }
}

/// A type that a setting can have. The error is the rest of a sentence that begins with the place.
pub(crate) trait Value: Sized {
    /// What to write, in words.
    const KIND: &'static str;

    /// From a variable, or from a TOML string.
    fn from_text(text: &str, around: &Around<'_>) -> Result<Self, String>;

    /// From the file. Most types are written as a string.
    fn from_toml(value: &DeValue<'_>, around: &Around<'_>) -> Result<Self, String> {
        match value {
            DeValue::String(text) => Self::from_text(text, around),
            _ => Err(expected::<Self>()),
        }
    }

    /// What it is when nobody wrote it and there is no default.
    fn absent() -> Option<Self> {
        None
    }

    /// The number that bounds apply to.
    fn number(&self) -> Option<i64> {
        None
    }
}

pub(crate) fn expected<V: Value>() -> String {
    format!("expected {}", V::KIND)
}

impl Value for i64 {
    const KIND: &'static str = "a whole number";

    fn from_text(text: &str, _: &Around<'_>) -> Result<i64, String> {
        text.parse().map_err(|_| expected::<i64>())
    }

    fn from_toml(value: &DeValue<'_>, _: &Around<'_>) -> Result<i64, String> {
        match value {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| expected::<i64>())
            }
            _ => Err(expected::<i64>()),
        }
    }

    fn number(&self) -> Option<i64> {
        Some(*self)
    }
}

impl Value for bool {
    const KIND: &'static str = "true or false (in a variable also on or off)";

    fn from_text(text: &str, _: &Around<'_>) -> Result<bool, String> {
        match text {
            "true" | "on" => Ok(true),
            "false" | "off" => Ok(false),
            _ => Err(expected::<bool>()),
        }
    }

    fn from_toml(value: &DeValue<'_>, _: &Around<'_>) -> Result<bool, String> {
        match value {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(expected::<bool>()),
        }
    }
}

impl Value for String {
    const KIND: &'static str = "a text";

    fn from_text(text: &str, _: &Around<'_>) -> Result<String, String> {
        if text.chars().any(char::is_control) {
            Err("control characters are not allowed".to_owned())
        } else {
            Ok(text.to_owned())
        }
    }
}

impl Value for std::net::SocketAddr {
    const KIND: &'static str = "an address and a port, such as 127.0.0.1:8460 or [::1]:8460";

    fn from_text(text: &str, _: &Around<'_>) -> Result<std::net::SocketAddr, String> {
        text.parse().map_err(|_| expected::<std::net::SocketAddr>())
    }
}

impl<V: Value> Value for Option<V> {
    const KIND: &'static str = V::KIND;

    fn from_text(text: &str, around: &Around<'_>) -> Result<Option<V>, String> {
        V::from_text(text, around).map(Some)
    }

    fn from_toml(value: &DeValue<'_>, around: &Around<'_>) -> Result<Option<V>, String> {
        V::from_toml(value, around).map(Some)
    }

    fn absent() -> Option<Option<V>> {
        Some(None)
    }

    fn number(&self) -> Option<i64> {
        self.as_ref().and_then(V::number)
    }
}

impl<V: Value> Value for Vec<V> {
    const KIND: &'static str = V::KIND;

    fn from_text(text: &str, around: &Around<'_>) -> Result<Vec<V>, String> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(|word| V::from_text(word, around)).collect()
    }

    fn from_toml(value: &DeValue<'_>, around: &Around<'_>) -> Result<Vec<V>, String> {
        match value {
            DeValue::Array(items) => items.iter().map(|item| V::from_toml(item.get_ref(), around)).collect(),
            _ => Err(format!("expected a list, each {}", V::KIND)),
        }
    }
}

/// Declares a section: `key: type = "default as TOML" [like "example"] [env "VARIABLE"] [within low..=high];`
macro_rules! section {
    ($(#[doc = $about:literal])+ $path:literal $name:ident {
        $($(#[doc = $doc:literal])+ $key:ident: $kind:ty = $default:literal
          $(like $example:literal)? $(env $env:literal)? $(within $low:literal..=$high:literal)?;)+
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $key: $kind,)+
        }

        impl $name {
            /// The section as the reference prints it.
            pub(crate) const SECTION: $crate::config::setting::Section = $crate::config::setting::Section {
                path: $path,
                about: &[$($about),+],
                settings: &[$($crate::config::setting::Setting {
                    section: $path,
                    key: stringify!($key),
                    about: &[$($doc),+],
                    kind: <$kind as $crate::config::setting::Value>::KIND,
                    default: $default,
                    example: &[$($example)?],
                    env: &[$($env)?],
                    range: &[$(($low, $high))?],
                }),+],
            };

            pub(crate) fn read(from: &$crate::config::source::Sources<'_>) -> Result<$name, $crate::config::ConfigError> {
                Ok($name { $($key: from.read(&$name::SECTION, stringify!($key))?,)+ })
            }
        }
    };
}
pub(crate) use section;
