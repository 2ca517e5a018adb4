using System.Collections.Immutable;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing;

/// <summary>
/// Reads the records of one job and finds their values without looking at them; one for each format. Bound to what the job's
/// data is like, immutable, shared by all workers. Agrees with the <see cref="RecordScanner"/> of the same format.
/// </summary>
public abstract class RecordReader
{
    /// <summary>
    /// For each field of the schema, in its order, the slot in which its value is found; −1 when the data does not have it. Fields
    /// that read the same value share a slot.
    /// </summary>
    public abstract ImmutableArray<int> SlotOfField { get; }

    /// <summary>Whether a record may do without any of its values at no byte of its own.</summary>
    public abstract bool MayOmit { get; }

    /// <summary>Bytes that it may make of a record at no byte of the record's own.</summary>
    public virtual int BytesMade => 0;

    /// <summary>Reads every record.</summary>
    /// <param name="bytes">Whole records only, starting at a record's start.</param>
    /// <param name="values">Holds the values of the record at hand, by slots.</param>
    /// <param name="rejects">Takes what is wrong with a record; closing it as a reject is left to the sink.</param>
    /// <param name="sink">Is handed each record.</param>
    internal abstract void Read<TSink>(
        ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer rejects, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct;

    /// <summary>Reads one record by itself.</summary>
    /// <param name="record">Its bytes, without what parts it from others.</param>
    /// <param name="values">As for <see cref="Read"/>, as the others are.</param>
    internal virtual void ReadOne<TSink>(
        ReadOnlySpan<byte> record, RecordValues values, RejectBuffer rejects, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct =>
        Read(record, values, rejects, ref sink);

    /// <summary>Undoes what the format writes text with; not called for text that is plain.</summary>
    /// <param name="written">The text as written.</param>
    /// <param name="spelling">How.</param>
    /// <param name="text">At least as long.</param>
    /// <param name="length">Bytes of the text.</param>
    /// <returns>False when it says what no UTF-8 can say.</returns>
    internal abstract bool TryUnescape(
        ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> text, out int length);

    /// <summary>
    /// Of arrays that stand for objects, what is written before each item when a record is given back as one: <c>"name":</c>, without the
    /// comma. Empty for other records.
    /// </summary>
    internal virtual ImmutableArray<byte[]> ItemNames => [];

    /// <summary>Whether the bytes of a record are what can be shown of it.</summary>
    internal virtual bool IsText => true;

    /// <summary>A record as text that can be shown and sent again; null where its bytes are that.</summary>
    /// <param name="record">Its bytes, without what parts it from others; cut where it is too long to be kept.</param>
    internal virtual byte[]? TextOf(ReadOnlySpan<byte> record) => null;

    /// <summary>How delimited text is written; null for other formats.</summary>
    internal virtual CsvSyntax? Syntax => null;

    /// <summary>What stands between records of JSON; that of lines for other formats.</summary>
    internal virtual JsonFraming Framing => JsonFraming.Lines;

    /// <summary>What the text was made UTF-8 with; null for text that is read as it was sent.</summary>
    internal virtual Transcoding? Text => null;

    /// <summary>The reader of the format.</summary>
    internal virtual RecordReader Own => this;
}

/// <summary>
/// Takes records from a reader. Implemented by structs, so that reading is compiled for each of them and a record costs no
/// call through an interface.
/// </summary>
internal interface IRecordSink
{
    /// <summary>A record; its values are at hand until the next one.</summary>
    /// <param name="place">Where it stands.</param>
    /// <param name="isRead">False when it cannot be read as it must: its errors are with the rejects, still open.</param>
    void Take(RecordPlace place, bool isRead);
}
