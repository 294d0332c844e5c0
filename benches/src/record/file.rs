//! The files: JSON with one measurement a line, so that a difference between two files can be read.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Environment, Measurement};

/// What a program has measured, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Where.
    pub environment: Environment,
    /// What.
    pub measurements: Vec<Measurement>,
}

impl Record {
    /// Writes the file anew, if one is asked for.
    ///
    /// # Errors
    ///
    /// The path and what is wrong with it.
    pub fn write(&self, path: Option<&Path>) -> Result<(), String> {
        let Some(path) = path else { return Ok(()) };
        fs::write(path, self.text()).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The path and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn text(&self) -> String {
        let json = |value: serde_json::Result<String>| value.expect("these types have no keys but strings");
        let mut text = format!("{{\n\"environment\": {},\n", json(serde_json::to_string(&self.environment)));
        text.push_str("\"measurements\": [");
        for (index, measurement) in self.measurements.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(text, "{comma}\n{}", json(serde_json::to_string(measurement))).expect("a string takes all");
        }
        text.push_str("\n]\n}\n");
        text
    }
}

/// Whether a file can be written there, if one is asked for: to know it before the minutes of measuring. A file that is there stays as it is.
///
/// # Errors
///
/// The path and what is wrong with it.
pub fn is_writable(path: Option<&Path>) -> Result<(), String> {
    let Some(path) = path else { return Ok(()) };
    let file = fs::OpenOptions::new().append(true).create(true).open(path);
    file.map(drop).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::{Role, Row};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let rows =
            vec![Row { contestant: "filch".into(), role: Role::Ours, samples: vec![vec![Some(1.25), None], vec![]] }];
        let measurement = Measurement::new("tail", "35,000 jobs".into(), &[("jobs", 35_000)], &["p50 ns", "p99"], rows);
        let environment = Environment::of(["rayon"]);
        for measurements in [vec![], vec![measurement.clone()], vec![measurement.clone(), measurement]] {
            let record = Record { environment: environment.clone(), measurements };
            assert_eq!(serde_json::from_str::<Record>(&record.text()).unwrap(), record);
            assert_eq!(record.text().lines().count(), 5 + record.measurements.len());
        }
    }

    #[test]
    fn mistakes_name_the_path() {
        let nowhere = Path::new("no/such/folder/file.json");
        assert!(is_writable(Some(nowhere)).unwrap_err().contains("folder"));
        assert!(is_writable(None).is_ok());
        assert!(Record::read(nowhere).unwrap_err().contains("folder"));
    }
}
