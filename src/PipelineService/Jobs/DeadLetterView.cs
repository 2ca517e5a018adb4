using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using PipelineService.Hosting;

namespace PipelineService.Jobs;

/// <summary>A rejected record as clients see it.</summary>
/// <param name="Record">1-based number of the record in the upload.</param>
/// <param name="Line">1-based number of the physical line on which it starts.</param>
/// <param name="ByteOffset">Where it starts in the decoded bytes of the upload.</param>
/// <param name="State"><c>open</c>, <c>replayed</c> or <c>discarded</c>.</param>
/// <param name="Raw">The record as it was sent, perhaps cut.</param>
/// <param name="RawTruncated">Whether it was cut.</param>
/// <param name="RawBase64">The same bytes when they are not valid UTF-8; else absent.</param>
public sealed record DeadLetterView(
    long Record,
    long Line,
    long ByteOffset,
    string State,
    IReadOnlyList<DeadLetterError> Errors,
    string Raw,
    bool RawTruncated,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? RawBase64)
{
    public static DeadLetterView Of(DeadLetterRow row) => new(
        row.Record,
        row.Line,
        row.ByteOffset,
        row.State,
        ErrorsOf(row),
        Encoding.UTF8.GetString(row.Raw),
        row.RawTruncated,
        Utf8.IsValid(row.Raw) ? null : Convert.ToBase64String(row.Raw));

    internal static IReadOnlyList<DeadLetterError> ErrorsOf(DeadLetterRow row) =>
        JsonSerializer.Deserialize<DeadLetterError[]>(row.Errors, PipelineJson.Options) ?? [];
}

/// <summary>One reason.</summary>
/// <param name="Field">The field at fault; null when it is the record as a whole.</param>
/// <param name="Code">Stable: see the table of codes in the documentation.</param>
/// <param name="Message">A sentence for people.</param>
/// <param name="Value">What the text says, quotes and escapes undone, perhaps cut; null when there is none.</param>
public sealed record DeadLetterError(string? Field, string Code, string Message, string? Value);

/// <summary>A page of dead letters, in the order of the data.</summary>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetterView> Items, string? NextCursor);
