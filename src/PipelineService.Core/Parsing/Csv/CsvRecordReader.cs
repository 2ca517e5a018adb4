using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>The records of delimited text, for one job: a slot is a field, in the order of the data.</summary>
/// <param name="binding">Where each field of the schema stands in this job's records.</param>
/// <param name="dialect">How the records are written.</param>
/// <param name="recordBytesMax">The longest record; the same as the scanner's that cut the chunks.</param>
public sealed class CsvRecordReader(HeaderBinding binding, CsvDialect dialect, int recordBytesMax) : RecordReader
{
    private readonly CsvSyntax _syntax = new(dialect);
    private readonly RecordShape _shape = new(dialect, binding.FieldCount, binding.SkipBlankLines);

    /// <inheritdoc/>
    public override ImmutableArray<int> SlotOfField => binding.FieldOfColumn;

    /// <inheritdoc/>
    public override bool MayOmit => dialect.Pads;

    /// <inheritdoc/>
    internal override CsvSyntax Syntax => _syntax;

    /// <inheritdoc/>
    public override int BytesMade => binding.Rest.Sum(cell => cell.Name.Length);

    /// <inheritdoc/>
    internal override void Read<TSink>(
        ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer rejects, ref TSink sink)
    {
        Span<RecordValue> slots = values.ClearSlots(binding.FieldCount + (binding.Rest.IsEmpty ? 0 : 1));
        Span<RecordValue> fields = slots[..binding.FieldCount];
        if (_syntax.IsCommon)
        {
            CsvTokenizer common = new(bytes, dialect, recordBytesMax, binding.SkipBlankLines, fields, _shape);
            Read(ref common, bytes, slots, values, rejects, ref sink);
            return;
        }

        DialectTokenizer other = new(bytes, _syntax, recordBytesMax, binding.SkipBlankLines, isFinal: true, fields, _shape);
        Read(ref other, bytes, slots, values, rejects, ref sink);
    }

    /// <inheritdoc/>
    internal override bool TryUnescape(
        ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> text, out int length)
    {
        length = CsvText.Unescape(written, spelling, _syntax, text);
        return true;
    }

    private void Read<TTokenizer, TSink>(
        ref TTokenizer tokenizer,
        ReadOnlySpan<byte> bytes,
        Span<RecordValue> slots,
        RecordValues values,
        RejectBuffer rejects,
        ref TSink sink)
        where TTokenizer : struct, ICsvTokenizer, allows ref struct
        where TSink : struct, IRecordSink, allows ref struct
    {
        Span<RecordValue> fields = slots[..binding.FieldCount];
        while (tokenizer.Read(out CsvRecord record))
        {
            RecordErrorCode fault = FaultOf(record, fields);
            if (fault != RecordErrorCode.None)
            {
                rejects.AddError(ErrorOf(record, fault));
            }
            else if (binding.IsGuarded)
            {
                TakeGuardsOff(bytes, fields, values);
            }

            if (fields.Length < slots.Length && fault == RecordErrorCode.None && !TryKeepRest(bytes, slots, values))
            {
                fault = RecordErrorCode.ResultTooLong;
                rejects.AddError(ErrorOf(record, fault));
            }

            sink.Take(new RecordPlace(record.Start, record.Length, record.FirstLine), isRead: fault == RecordErrorCode.None);
        }
    }

    /// <summary>Fields that a record leaves out at its end have no value, and nothing of the record before.</summary>
    private RecordErrorCode FaultOf(in CsvRecord record, Span<RecordValue> fields)
    {
        if (record.Fault != RecordErrorCode.None)
        {
            return record.Fault;
        }

        if (record.FieldCount < fields.Length)
        {
            fields[record.FieldCount..].Clear();
        }

        return record.FieldCount < fields.Length && !dialect.Pads ? RecordErrorCode.TooFewFields
            : record.FieldCount > fields.Length && !dialect.Trims ? RecordErrorCode.TooManyFields
            : binding.IsGuarded && fields[binding.RawField].Length > 0 ? RecordErrorCode.Unmended
            : RecordErrorCode.None;
    }

    /// <summary>Makes one object of the fields that the schema does not declare; what a record leaves out is not in it.</summary>
    private bool TryKeepRest(ReadOnlySpan<byte> bytes, Span<RecordValue> slots, RecordValues values)
    {
        values.ClearRest();
        foreach (RestCell cell in binding.Rest)
        {
            RecordValue value = slots[cell.Field];
            bool isKept = value.Kind switch
            {
                ValueKind.Absent => true,
                ValueKind.Null => cell.TryKeepNull(values),
                _ => cell.TryKeep(CsvText.Of(bytes, value, _syntax, values.ScratchFor(value.Length)), values),
            };
            if (!isKept)
            {
                return false;
            }
        }

        slots[^1] = values.CloseRest();
        return true;
    }

    private RecordError ErrorOf(in CsvRecord record, RecordErrorCode fault) =>
        new(RecordError.WholeRecord, fault, record.Start, ValueLength: 0)
        {
            Fields = fault is RecordErrorCode.TooFewFields or RecordErrorCode.TooManyFields
                ? new FieldCounts(record.FieldCount, binding.FieldCount)
                : default,
        };

    /// <summary>The values without the marks of a guarded file before them, however these are written.</summary>
    private void TakeGuardsOff(ReadOnlySpan<byte> bytes, Span<RecordValue> fields, RecordValues values)
    {
        foreach (ref RecordValue field in fields)
        {
            ReadOnlySpan<byte> cell = CsvText.Of(bytes, field, _syntax, values.ScratchFor(field.Length));
            if (FormulaGuard.Undo(cell).Length < cell.Length)
            {
                int written = field.Spelling == ValueSpelling.Plain
                    ? 1
                    : 1 + CsvText.MarksBefore(bytes.Slice(field.Start, field.Length), field.Spelling, _syntax);
                field = field with { Start = field.Start + written, Length = field.Length - written };
            }
        }
    }
}
