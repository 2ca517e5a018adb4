using System.Collections.Immutable;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>
/// Reads records of text that was transcoded: one that has <see cref="WrongBytes"/> is rejected, wherever in it they stand. A chunk
/// without any, which is nearly every one, is read as any other.
/// </summary>
/// <param name="inner">The reader of the format.</param>
/// <param name="text">What the text was made UTF-8 with.</param>
public sealed class TranscodedReader(RecordReader inner, Transcoding text) : RecordReader
{
    /// <inheritdoc/>
    public override ImmutableArray<int> SlotOfField => inner.SlotOfField;

    /// <inheritdoc/>
    public override bool MayOmit => inner.MayOmit;

    /// <inheritdoc/>
    public override int BytesMade => inner.BytesMade;

    /// <inheritdoc/>
    internal override CsvSyntax? Syntax => inner.Syntax;

    /// <inheritdoc/>
    internal override JsonFraming Framing => inner.Framing;

    /// <inheritdoc/>
    internal override Transcoding? Text => text;

    /// <inheritdoc/>
    internal override RecordReader Own => inner;

    /// <inheritdoc/>
    internal override void Read<TSink>(ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer rejects, ref TSink sink)
    {
        if (WrongBytes.Find(bytes) < 0)
        {
            inner.Read(bytes, values, rejects, ref sink);
            return;
        }

        Sink<TSink> marked = new(bytes, rejects, sink);
        inner.Read(bytes, values, rejects, ref marked);
        sink = marked.Inner;
    }

    /// <inheritdoc/>
    internal override void ReadOne<TSink>(ReadOnlySpan<byte> record, RecordValues values, RejectBuffer rejects, ref TSink sink) =>
        inner.ReadOne(record, values, rejects, ref sink);

    /// <inheritdoc/>
    internal override bool TryUnescape(ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> to, out int length) =>
        inner.TryUnescape(written, spelling, to, out length);

    private ref struct Sink<TSink>(ReadOnlySpan<byte> bytes, RejectBuffer rejects, TSink inner) : IRecordSink
        where TSink : struct, IRecordSink, allows ref struct
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
#pragma warning disable IDE0044 // What it is handed changes it.
        private TSink _inner = inner;
#pragma warning restore IDE0044

        public readonly TSink Inner => _inner;

        public void Take(RecordPlace place, bool isRead)
        {
            int found = WrongBytes.Find(_bytes.Slice(place.Start, place.Length));
            if (found >= 0)
            {
                // Whatever else is wrong with it may be for that.
                rejects.DropOpen();
                rejects.AddError(new RecordError(
                    RecordError.WholeRecord, RecordErrorCode.InvalidEncoding, place.Start + found, ValueLength: 0));
            }

            _inner.Take(place, isRead && found < 0);
        }
    }
}
