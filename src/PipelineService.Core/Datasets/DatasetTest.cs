using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>
/// An example of what a definition does: a record, and what must become of it. Run when the definition is declared, so that one that
/// does something else than its author means never loads a record.
/// </summary>
/// <param name="Record">The text of a JSON object: what the data calls a field → its value.</param>
/// <param name="Outcome">What must become of it.</param>
public sealed record DatasetTest(string Record, TestOutcome Outcome)
{
    /// <summary>Of a row: the text of a JSON object with the columns that count, each with its value; the others may be anything.</summary>
    public string? Row { get; init; }

    /// <summary>
    /// Of datasets that are looked up, by their names: the texts of JSON objects, each a row; those that are not here have the rows that
    /// they have now.
    /// </summary>
    public ImmutableDictionary<string, ImmutableArray<string>> Lookups { get; init; } =
        ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>
    /// Of services that are asked, by their names: the texts of JSON objects, each an <c>input</c> with the <c>output</c> or the
    /// <c>error</c> that is answered. No test asks anybody.
    /// </summary>
    public ImmutableDictionary<string, ImmutableArray<string>> Services { get; init; } =
        ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>Of a reject: a code that is among its reasons. Of a filtered record: the name of the filter, or null for any.</summary>
    public string? Reason { get; init; }
}

/// <summary>What may become of a record.</summary>
public enum TestOutcome
{
    Row,
    Rejected,
    Filtered,
}
