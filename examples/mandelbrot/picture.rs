//! The picture: its rows, and the file.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use filch::Pool;

use crate::args::Args;
use crate::colour::{self, Light};
use crate::point;
use crate::view::View;

/// What is to be rendered.
pub struct Picture {
    view: View,
    width: usize,
    height: usize,
    samples: usize,
}

impl Picture {
    pub fn new(args: &Args) -> Picture {
        Picture { view: *args.view, width: args.width, height: args.height, samples: args.samples }
    }

    /// Renders on the pool. Rows differ much in the work they are, and the pool shares them out as workers come for them.
    pub fn on_pool(&self, pool: &Pool) -> Vec<[u8; 3]> {
        pool.map(0..self.height, |y| self.row(y)).concat()
    }

    /// Renders on this thread.
    pub fn on_one_thread(&self) -> Vec<[u8; 3]> {
        (0..self.height).flat_map(|y| self.row(y)).collect()
    }

    fn row(&self, y: usize) -> Vec<[u8; 3]> {
        (0..self.width).map(|x| colour::to_screen(self.pixel(x, y))).collect()
    }

    /// The average of the points of a pixel.
    fn pixel(&self, x: usize, y: usize) -> Light {
        let mut sum = [0.0; 3];
        for sample in 0..self.samples.pow(2) {
            let inside = |i: usize| (i as f64 + 0.5) / self.samples as f64;
            let light = self.light(x as f64 + inside(sample % self.samples), y as f64 + inside(sample / self.samples));
            sum = std::array::from_fn(|i| sum[i] + light[i]);
        }
        sum.map(|part| part / self.samples.pow(2) as f64)
    }

    /// The light of a point, which is measured in pixels from the upper left corner.
    fn light(&self, x: f64, y: f64) -> Light {
        let View { x: centre_x, y: centre_y, height, steps, .. } = self.view;
        let pixel = height / self.height as f64;
        let x = centre_x + (x - self.width as f64 / 2.0) * pixel;
        let y = centre_y - (y - self.height as f64 / 2.0) * pixel;
        colour::of(point::escape(x, y, steps), pixel)
    }

    /// Writes a PNG file.
    pub fn write(&self, pixels: &[[u8; 3]], path: &Path) -> io::Result<()> {
        // The sides are at most 20000.
        let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(pixels.as_flattened())?;
        Ok(writer.finish()?)
    }
}
