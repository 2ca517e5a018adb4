using System.Collections.Immutable;
using PipelineService.Core.Profiles.Sketches;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Profiles;

/// <summary>What is told of the rows of a job.</summary>
/// <param name="Rows">Rows that went into it.</param>
/// <param name="Sampled">Those of them that were looked at more closely: one of eight, by their record numbers, as if by lot.</param>
/// <param name="Columns">One for each column that was sent, in their order.</param>
public sealed record ProfileSummary(long Rows, long Sampled, IReadOnlyList<ColumnSummary> Columns)
{
    /// <summary>Frequent values and patterns that are told of a column.</summary>
    public const int FrequentMax = 32;

    private static readonly (string Name, double Part)[] Parts =
        [("p01", 0.01), ("p05", 0.05), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p95", 0.95), ("p99", 0.99)];

    /// <param name="rejects">What was wrong with the records that are no rows.</param>
    public static ProfileSummary Of(JobProfile profile, IReadOnlyList<RejectCount> rejects) => new(
        profile.Rows, profile.Sampled, [.. profile.Columns.Select(column => Of(column, rejects))]);

    private static ColumnSummary Of(ColumnProfile column, IReadOnlyList<RejectCount> rejects)
    {
        (byte[]? least, byte[]? greatest) = column.Extremes;
        return new ColumnSummary(
            column.Field.Name,
            column.Field.SentType.ToString(),
            column.IsHidden,
            column.Values,
            column.Nulls,
            (long)Math.Round(column.Distinct),
            least is null ? null : column.TextOf(least),
            greatest is null ? null : column.TextOf(greatest),
            column.Sum,
            column.Mean,
            column.NotFinite,
            column.Lengths is { } lengths
                ? new LengthSummary(lengths.Shortest, lengths.Longest, lengths.Sum, (double)lengths.Sum / column.Values)
                : null,
            column.Frequent is { Count: > 0 } frequent ? Tell(frequent, column.TextOf, isText: column is TextColumn) : null,
            column.Patterns is { Count: > 0 } patterns ? Tell(patterns, System.Text.Encoding.UTF8.GetString, isText: true) : null,
            column.Spread is { Count: > 0 } spread ? Parts.ToImmutableDictionary(part => part.Name, part => spread.At(part.Part)) : null,
            [.. rejects.Where(r => r.Field == column.Field.Name).Select(r => new RejectedValues(r.Code, r.Records))]);
    }

    private static FrequentSummary Tell(FrequentValues values, SpanReader read, bool isText) => new(
        values.IsComplete,
        values.TooLowBy,
        [
            .. values.Values.Where(value => isText || !value.IsCut).Take(FrequentMax)
                .Select(value => new FrequentText(KnownValue.TextOf(value, read), value.Count)),
        ]);
}

/// <summary>Makes a text of the bytes of a value.</summary>
internal delegate string SpanReader(ReadOnlySpan<byte> value);

/// <summary>What is told of the values of a column.</summary>
/// <param name="Type">Its SQL type.</param>
/// <param name="Hidden">
/// Whether it holds personal data: then nothing is told that is made of its values, only how many there are and how long.
/// </param>
/// <param name="Values">Those that are not NULL.</param>
/// <param name="Distinct">Different values: exact up to 256, beyond with a standard error of 1.6 %.</param>
/// <param name="Min">As PostgreSQL writes it; of a text its first 128 bytes, by the order of their code points.</param>
/// <param name="Max">As the least.</param>
/// <param name="Sum">Of numbers: exact, but for floating point.</param>
/// <param name="NotFinite">Numbers that are none (NaN) or have no end: they are in no other figure.</param>
/// <param name="Lengths">Of texts, in characters; of JSON, arrays and bytes as they are stored, in bytes.</param>
/// <param name="Top">The most frequent values of the sample.</param>
/// <param name="Patterns">Of texts: what those of the sample are made of.</param>
/// <param name="Quantiles">Of numbers: below which this part of the sample lies.</param>
/// <param name="Rejects">Records that are no rows for what this column's value was.</param>
public sealed record ColumnSummary(
    string Name, string Type, bool Hidden, long Values, long Nulls, long Distinct, string? Min, string? Max, string? Sum, double? Mean,
    long NotFinite, LengthSummary? Lengths, FrequentSummary? Top, FrequentSummary? Patterns, IReadOnlyDictionary<string, double>? Quantiles,
    IReadOnlyList<RejectedValues> Rejects);

public sealed record LengthSummary(long Min, long Max, long Sum, double Mean);

/// <param name="Complete">Whether there were no other values, and each count is exact.</param>
/// <param name="TooLowBy">By how much a count may be too low at most.</param>
/// <param name="Values">The most frequent first, at most 32.</param>
public sealed record FrequentSummary(bool Complete, long TooLowBy, IReadOnlyList<FrequentText> Values);

/// <param name="Value">A long one is cut, and ends with … and a mark of the whole.</param>
/// <param name="Count">How often it is in the sample.</param>
public sealed record FrequentText(string Value, long Count);

/// <param name="Code">A code of dead letters.</param>
public sealed record RejectedValues(string Code, long Records);
