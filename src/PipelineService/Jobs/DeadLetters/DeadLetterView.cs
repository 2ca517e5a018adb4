using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Jobs.DeadLetters;

/// <summary>A rejected record as clients see it.</summary>
/// <param name="Record">1-based number of the record in the upload.</param>
/// <param name="Line">1-based number of the physical line on which it starts.</param>
/// <param name="ByteOffset">Where it starts in the decoded bytes of the upload; of an item, where its document does.</param>
/// <param name="Item">1-based number among the items of its document (<c>dialect.items</c>); absent for other records.</param>
/// <param name="State">Always <c>open</c> in this version.</param>
/// <param name="Raw">
/// The record as it was sent; of an item, its document without the other items. In a page only its first 16,384 bytes; <c>application/x-ndjson</c> and <c>text/csv</c> give all
/// that is kept.
/// </param>
/// <param name="RawTruncated">
/// Whether it is cut: here, or when it was kept (<c>Transform:RawBytesMax</c>, or a record over the limit).
/// </param>
/// <param name="RawBase64">The same bytes when they are not valid UTF-8; else absent.</param>
public sealed record DeadLetterView(
    long Record,
    long Line,
    long ByteOffset,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Item,
    [property: Words("DeadLetterState", "open", "replayed", "discarded")] string State,
    IReadOnlyList<DeadLetterError> Errors,
    string Raw,
    bool RawTruncated,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? RawBase64)
{
    public static DeadLetterView Of(DeadLetterRow row)
    {
        ReadOnlySpan<byte> raw = WholeCharactersOf(row);
        return new DeadLetterView(
            row.Record,
            row.Line,
            row.ByteOffset,
            row.Item,
            row.State,
            ErrorsOf(row),
            Encoding.UTF8.GetString(raw),
            row.RawTruncated,
            Utf8.IsValid(raw) ? null : Convert.ToBase64String(raw));
    }

    /// <summary>The record, without the first bytes of a character that a cut has split.</summary>
    internal static ReadOnlySpan<byte> WholeCharactersOf(DeadLetterRow row) =>
        row.RawTruncated && Rune.DecodeLastFromUtf8(row.Raw, out _, out int part) == OperationStatus.NeedMoreData
            ? row.Raw.AsSpan(0, row.Raw.Length - part)
            : row.Raw;

    internal static IReadOnlyList<DeadLetterError> ErrorsOf(DeadLetterRow row) =>
        JsonSerializer.Deserialize<DeadLetterError[]>(row.Errors, PipelineJson.Options) ?? [];
}

/// <summary>One reason.</summary>
/// <param name="Field">The field at fault; null when it is the record as a whole.</param>
/// <param name="Code">Stable: see the table of codes in the documentation.</param>
/// <param name="Message">A sentence for people.</param>
/// <param name="Value">
/// What the text says, quotes and escapes undone, perhaps cut; null when there is none. `[hidden]` where it holds personal data.
/// </param>
public sealed record DeadLetterError(string? Field, string Code, string Message, string? Value)
{
    /// <summary>0-based index of the op of the dataset's `transforms` that rejects the record; absent when none does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Op { get; init; }

    /// <summary>What was sent for the fields that the op's expression uses, as `value` shows it; absent without an expression.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string?>? Inputs { get; init; }

    /// <summary>
    /// How the answer of a service began that the op could not use, or the error in it; absent where there was none. `[hidden]` where
    /// personal data went into it or comes of it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Answer { get; init; }
}

/// <summary>A page of dead letters, in the order of the data: fewer than asked for when they are large.</summary>
/// <param name="NextCursor">For the next page; null on the last one.</param>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetterView> Items, string? NextCursor);
