//! The answer of `stats`: every number, and what it means in words.

use anyhow::Result;
use serde::Serialize;

use crate::commands::TableInfo;
use crate::commands::model::View;
use crate::geometry::{self, Shape};
use crate::report::{Float, TokenText};

type Real = Float<f64>;

#[derive(Clone, Debug, Serialize)]
pub struct StatsReport {
    pub model: String,
    pub table: TableInfo,
    pub rows: RowKinds,
    /// `None` if there is no row of finite values.
    pub norms: Option<NormStats>,
    pub mean_row: MeanRow,
    /// The cosines of all pairs of different rows. `None` if fewer than two rows have a
    /// direction.
    pub cosines: Option<CosineStats>,
    /// The same after the mean row is subtracted from every row.
    pub cosines_centred: Option<CosineStats>,
    /// Mu and Viswanath's ratio over the eigenvectors of the Gram matrix.
    pub isotropy: Option<Real>,
    /// IsoScore of Rudman and others.
    pub isoscore: Option<Real>,
    pub spectrum: Option<SpectrumStats>,
    pub spectrum_centred: Option<SpectrumStats>,
    /// `None` without a spectrum.
    pub outlier_dimensions: Option<Vec<OutlierDimension>>,
    /// Spearman's rank correlation of ID with norm.
    pub id_norm_correlation: Option<Real>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Box<StatsReport>>,
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct RowKinds {
    /// The rows that are in the file.
    pub n: u64,
    pub zero: u64,
    /// Rows with a NaN or an infinity, which are left out of all other numbers.
    pub not_finite: u64,
    /// Rows that are the same as an earlier row.
    pub duplicate: u64,
    /// Other rows that have a cosine of at least 0.999 with another row.
    pub near_duplicate: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct NormStats {
    pub mean: Real,
    pub sd: Real,
    pub min: Real,
    pub q01: Real,
    pub q05: Real,
    pub q25: Real,
    pub median: Real,
    pub q75: Real,
    pub q95: Real,
    pub q99: Real,
    pub max: Real,
    pub shortest: NormOf,
    pub longest: NormOf,
    /// Counts in bins of one width from `min` to `max`.
    pub histogram: Vec<u64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct NormOf {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    pub norm: Real,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct MeanRow {
    pub norm: Real,
    /// Its share of the sum of squares of all values.
    pub energy_share: Real,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct CosineStats {
    pub mean: Real,
    /// `None` without a spectrum.
    pub sd: Option<Real>,
    /// The rows whose pairs the standard deviation is over.
    pub sd_rows: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct SpectrumStats {
    pub singular_values: Vec<Real>,
    pub participation_ratio: Real,
    pub effective_rank: Real,
    /// How many dimensions have 50, 90 and 99 % of the energy.
    pub dimensions_50: u64,
    pub dimensions_90: u64,
    pub dimensions_99: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct OutlierDimension {
    pub dimension: u64,
    pub mean: Real,
    pub sd: Real,
    /// Standard deviations of the other columns from their mean.
    pub mean_off: Real,
    pub sd_off: Real,
    /// Its share of the mean cosine.
    pub cosine_share: Real,
}

impl StatsReport {
    pub(super) fn new(
        model: String,
        view: &View,
        shape: Shape,
        notes: Vec<String>,
    ) -> Result<Self> {
        let named = |(id, norm): (u64, f64)| -> Result<NormOf> {
            Ok(NormOf { id, token: view.token(id)?, norm: Float(norm) })
        };
        let norms = shape.norms.map(|it| -> Result<_> {
            let [q01, q05, q25, median, q75, q95, q99] = it.quantiles.map(Float);
            let [mean, sd, min, max] = [it.mean, it.sd, it.shortest.1, it.longest.1].map(Float);
            let (shortest, longest) = (named(it.shortest)?, named(it.longest)?);
            let histogram = it.histogram;
            Ok(NormStats {
                mean,
                sd,
                min,
                q01,
                q05,
                q25,
                median,
                q75,
                q95,
                q99,
                max,
                shortest,
                longest,
                histogram,
            })
        });
        let cosines = |it: geometry::Cosines| CosineStats {
            mean: Float(it.mean),
            sd: it.sd.map(Float),
            sd_rows: it.sd_rows,
        };
        let spectrum = |it: &geometry::Spectrum| {
            let [dimensions_50, dimensions_90, dimensions_99] = it.dimensions();
            SpectrumStats {
                singular_values: it.singular_values().map(Float).collect(),
                participation_ratio: Float(it.participation()),
                effective_rank: Float(it.effective_rank()),
                dimensions_50,
                dimensions_90,
                dimensions_99,
            }
        };
        let outlier = |it: &geometry::Outlier| OutlierDimension {
            dimension: it.column,
            mean: Float(it.mean),
            sd: Float(it.deviation),
            mean_off: Float(it.mean_off),
            sd_off: Float(it.deviation_off),
            cosine_share: Float(it.share),
        };
        let rows = shape.rows;
        Ok(Self {
            model,
            table: view.info(),
            rows: RowKinds {
                n: rows.n,
                zero: rows.zero,
                not_finite: rows.not_finite,
                duplicate: rows.repeated,
                near_duplicate: rows.near,
            },
            norms: norms.transpose()?,
            mean_row: MeanRow {
                norm: Float(shape.mean_row),
                energy_share: Float(shape.mean_share),
            },
            cosines: shape.cosines.map(cosines),
            cosines_centred: shape.centred_cosines.map(cosines),
            isotropy: shape.isotropy.map(Float),
            isoscore: shape.centred.as_ref().map(|it| Float(it.isoscore())),
            spectrum: shape.raw.as_ref().map(spectrum),
            spectrum_centred: shape.centred.as_ref().map(spectrum),
            outlier_dimensions: shape
                .raw
                .is_some()
                .then(|| shape.outliers.iter().map(outlier).collect()),
            id_norm_correlation: shape.id_with_norm.map(Float),
            other: None,
            notes,
        })
    }
}
