using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Tracing;
using PipelineService.Jobs.DeadLetters;

namespace PipelineService.Jobs.Traces;

/// <summary>The values of a trace as texts, as far as they may be shown.</summary>
/// <param name="hidden">0-based indexes of the columns that are shown to nobody.</param>
/// <param name="syntax">How delimited text is written; null for other formats.</param>
internal sealed class TraceTexts(IReadOnlySet<int> hidden, CsvSyntax? syntax)
{
    private static string Hidden { get; } = Encoding.UTF8.GetString(HiddenMark.Text);

    /// <summary>What a value says; null where there is none.</summary>
    /// <param name="field">0-based index of its column.</param>
    public string? Of(int field, TracedValue value)
    {
        if (value.Written is not { } written)
        {
            return null;
        }

        if (hidden.Contains(field))
        {
            return Hidden;
        }

        Span<byte> text = stackalloc byte[ErrorValue.BytesMax];
        text = text[..ErrorValue.Decode(written, value.Spelling, syntax, text, out bool isCut)];
        return Encoding.UTF8.GetString(text) + (isCut || written.Length < value.Length ? Excerpt.Mark : "");
    }

    /// <summary>A value as its column stores it.</summary>
    /// <inheritdoc cref="Of(int, TracedValue)" path="/param[@name='field']"/>
    public string? Of(int field, StoredValue? stored) =>
        stored?.Text is not { } text ? null : hidden.Contains(field) ? Hidden : Excerpt.Cut(text, ErrorValue.BytesMax);

    /// <summary>The record as it was sent, with marks where it has what is not shown; null where nobody knows where that is.</summary>
    public TracedRawView? RawOf(DerivedRecord derived)
    {
        ReadOnlySpan<byte> record = derived.Raw.Span;
        ChunkTransform transform = derived.Start.Transform;
        ArrayBufferWriter<byte> shown = new(record.Length + 1);
        if (hidden.Count == 0)
        {
            shown.Write(record);
        }
        else if (!TryMask(record, derived.Start.Rows, transform, shown))
        {
            return null;
        }

        ReadOnlySpan<byte> bytes = shown.WrittenSpan;
        if (!transform.ItemNames.IsEmpty && JsonArrayRecordReader.ToObject(bytes, transform.ItemNames) is { } named)
        {
            bytes = named;
        }

        if (transform.Text is { } text && WrongBytes.Find(bytes) >= 0)
        {
            byte[] asSent = new byte[bytes.Length];
            bytes = asSent.AsSpan(0, WrongBytes.Undo(bytes, text.Encoding.IsUtf16, asSent));
        }

        bool isCut = bytes.Length > DeadLetterStore.PageRawBytesMax;
        bytes = isCut ? bytes[..DeadLetterStore.PageRawBytesMax] : bytes;
        if (isCut && Rune.DecodeLastFromUtf8(bytes, out _, out int part) == OperationStatus.NeedMoreData)
        {
            bytes = bytes[..^part];
        }

        return new TracedRawView(Encoding.UTF8.GetString(bytes), Utf8.IsValid(bytes) ? null : Convert.ToBase64String(bytes), isCut);
    }

    private bool TryMask(ReadOnlySpan<byte> record, RowPlan rows, ChunkTransform transform, ArrayBufferWriter<byte> shown)
    {
        SentRecord sent = new(transform);
        if (rows.HidesRest || !sent.Read(record))
        {
            return false;
        }

        ReadOnlySpan<byte> mark = syntax is null ? HiddenMark.Text : HiddenMark.In(syntax);
        ImmutableArray<int> inData = [.. hidden.Where(field => field < rows.Definition.Schema.Fields.Length)];
        int written = 0;
        foreach (RecordValue value in sent.ValuesOf(inData))
        {
            ReadOnlySpan<byte> quote = value.Kind == ValueKind.Text ? [] : "\""u8;
            shown.Write(record[written..value.Start]);
            shown.Write(quote);
            shown.Write(mark);
            shown.Write(quote);
            written = value.Start + value.Length;
        }

        shown.Write(record[written..]);
        return true;
    }
}
