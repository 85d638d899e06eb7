//! A QR code as inline SVG, with attributes only: the policy of our pages allows no style in them.

use qrcode::QrCode;
use qrcode::render::svg;

/// The code of a text; empty when it is too long for one.
pub fn svg(text: &str) -> String {
    let drawn = QrCode::new(text).map(|code| code.render::<svg::Color<'_>>().min_dimensions(200, 200).build());
    drawn.map(|svg| svg.split_once("?>").map_or(svg.clone(), |(_, svg)| svg.to_owned())).unwrap_or_default()
}
