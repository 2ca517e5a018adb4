using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>The words of the standard, each with what it means here; the first of a kind of word is written back.</summary>
internal static class DefinitionWords
{
    public static readonly ImmutableArray<(string Word, DataFormat Value)> Formats =
    [
        ("csv", DataFormat.Csv), ("ndjson", DataFormat.Ndjson), ("json", DataFormat.Json), ("json-seq", DataFormat.JsonSequence),
        ("parquet", DataFormat.Parquet), ("arrow", DataFormat.Arrow), ("xlsx", DataFormat.Xlsx),
    ];

    public static readonly ImmutableArray<(string Word, LoadMode Value)> Modes =
        [("append", LoadMode.Append), ("replace", LoadMode.Replace)];

    public static readonly ImmutableArray<(string Word, FileCompression Value)> Compressions =
    [
        ("none", FileCompression.None),
        ("auto", FileCompression.Auto),
        ("gzip", FileCompression.Gzip),
        ("zstd", FileCompression.Zstd),
        ("br", FileCompression.Brotli),
    ];

    /// <summary>What other tools write for these.</summary>
    public static readonly ImmutableArray<(string Word, FileCompression Value)> CompressionsElsewhere =
        [("no", FileCompression.None), ("gz", FileCompression.Gzip), ("zst", FileCompression.Zstd), ("brotli", FileCompression.Brotli)];

    public static readonly ImmutableArray<(string Word, CommitPolicy Value)> Commits =
        [("job", CommitPolicy.Job), ("chunk", CommitPolicy.Chunk)];

    public static readonly ImmutableArray<(string Word, BreachAction Value)> BreachActions =
        [("warn", BreachAction.Warn), ("hold", BreachAction.Hold), ("fail", BreachAction.Fail)];

    public static readonly ImmutableArray<(string Word, QualityMetric Value)> Metrics =
    [
        ("rows", QualityMetric.Rows),
        ("rejectRatio", QualityMetric.RejectRatio),
        ("nullRatio", QualityMetric.NullRatio),
        ("distinct", QualityMetric.Distinct),
        ("mean", QualityMetric.Mean),
        ("min", QualityMetric.Min),
        ("max", QualityMetric.Max),
        ("sum", QualityMetric.Sum),
        ("meanLength", QualityMetric.MeanLength),
        ("newValues", QualityMetric.NewValues),
    ];

    public static readonly ImmutableArray<(string Word, ViewFigure Value)> Figures =
    [
        ("count", ViewFigure.Count),
        ("sum", ViewFigure.Sum),
        ("min", ViewFigure.Min),
        ("max", ViewFigure.Max),
        ("avg", ViewFigure.Average),
    ];

    public static readonly ImmutableArray<(string Word, RaggedRows Value)> RaggedRowWords =
    [
        ("reject", RaggedRows.None),
        ("pad", RaggedRows.Pad),
        ("trim", RaggedRows.Trim),
        ("padAndTrim", RaggedRows.PadAndTrim),
    ];

    public static readonly ImmutableArray<(string Word, HeaderMatch Value)> HeaderMatches =
        [("exact", HeaderMatch.Exact), ("caseInsensitive", HeaderMatch.CaseInsensitive)];

    public static readonly ImmutableArray<(string Word, FieldsMatch? Value)> FieldsMatches =
    [
        ("exact", FieldsMatch.Exact),
        ("equal", FieldsMatch.Equal),
        ("subset", FieldsMatch.Subset),
        ("superset", FieldsMatch.Superset),
        ("partial", FieldsMatch.Partial),
    ];

    public static readonly ImmutableArray<(string Word, FieldType Value)> FieldTypes =
    [
        ("string", FieldType.String),
        ("number", FieldType.Number),
        ("integer", FieldType.Integer),
        ("boolean", FieldType.Boolean),
        ("date", FieldType.Date),
        ("time", FieldType.Time),
        ("datetime", FieldType.DateTime),
        ("object", FieldType.Object),
        ("array", FieldType.Array),
        ("list", FieldType.List),
        ("year", FieldType.Year),
        ("yearmonth", FieldType.YearMonth),
        ("duration", FieldType.Duration),
        ("geopoint", FieldType.GeoPoint),
        ("geojson", FieldType.GeoJson),
        ("any", FieldType.Any),
    ];

    public static readonly ImmutableArray<(string Word, FieldType Value)> ItemTypes =
        [.. FieldTypes.Where(type => FieldDefinition.ItemTypes.Contains(type.Value))];

    public static readonly ImmutableArray<(string Word, JsonItemType Value)> JsonItemTypes =
        [("object", JsonItemType.Object), ("array", JsonItemType.Array)];

    /// <summary>The word for a value: how a definition is written back.</summary>
    public static string WordFor<T>(this ImmutableArray<(string Word, T Value)> words, T value) =>
        words.First(w => EqualityComparer<T>.Default.Equals(w.Value, value)).Word;
}
