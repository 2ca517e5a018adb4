using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Rejects;

/// <summary>The cells of rejected records of delimited text: its fields, decoded.</summary>
public sealed class CsvRejectCells : RejectCells
{
    private readonly CsvDialect _dialect;
    private readonly CsvSyntax _syntax;
    private readonly RecordValue[] _fields;
    private readonly ImmutableArray<int> _dataFields;
    private readonly int _rawField = -1;
    private readonly byte[]?[] _missing;
    private byte[] _scratch = [];

    /// <param name="names">The names in the upload's header, in its order; of data without a header the schema's.</param>
    /// <param name="schema">What is declared.</param>
    /// <param name="dialect">How the upload is written.</param>
    public CsvRejectCells(ImmutableArray<string> names, TableSchema schema, CsvDialect dialect)
    {
        _missing = [.. names.Select(name => MissingCellOf(schema, name))];
        _fields = new RecordValue[names.Length];
        _dialect = dialect;
        if (RejectHeader.Find(names, schema) is { } header)
        {
            _dialect = dialect.ForRejects();
            Columns = header.DataNames;
            _dataFields = header.DataFields;
            _rawField = header.RawField;
        }
        else
        {
            Columns = names;
            _dataFields = [.. Enumerable.Range(0, names.Length)];
        }

        _syntax = new CsvSyntax(_dialect);
    }

    /// <inheritdoc/>
    public override ImmutableArray<string> Columns { get; }

    /// <inheritdoc/>
    /// <remarks>
    /// A record with too few or too many fields has its first ones in cells, one whose quotes are at fault none; that is all of
    /// it where the dialect takes such records. Of a record that was cut, the last field at hand may be cut too, so it gets no
    /// cell.
    /// </remarks>
    public override ReadOnlySpan<byte> Write(ReadOnlySpan<byte> raw, bool isCut, CsvLine line)
    {
        int count = ReadFields(raw);
        int known = Math.Min(isCut ? count - 1 : count, _fields.Length);
        bool isWhole = !isCut && IsWhole(count, line);
        foreach (int field in _dataFields)
        {
            if (field < known && _fields[field].Kind == ValueKind.Text)
            {
                line.Append(ValueOf(raw, _fields[field]));
            }
            else if (field < known || isWhole)
            {
                AppendMissing(_missing[field], line);
            }
            else
            {
                line.Append([]);
            }
        }

        // What a file of rejects that was sent back says about a record holds until the record is mended.
        return !isWhole ? raw
            : _rawField >= 0 && _rawField < known ? ValueOf(raw, _fields[_rawField])
            : [];
    }

    /// <summary>Whether a record of so many fields is one as it is declared, and cells can say what it does not have.</summary>
    private bool IsWhole(int count, CsvLine line) =>
        count == _fields.Length
        || (count > _fields.Length && _dialect.Trims)
        || (count > 0 && count < _fields.Length && _dialect.Pads && (line.CanSayNull || !_missing.AsSpan(count).Contains(null)));

    /// <returns>How many fields the record has; 0 when its quotes are at fault.</returns>
    private int ReadFields(ReadOnlySpan<byte> raw)
    {
        if (raw.IsEmpty)
        {
            // An empty line, which is a record where records have one field.
            _fields[0] = new RecordValue(0, 0, _syntax is { HasNull: true, Null.IsEmpty: true } ? ValueKind.Null : ValueKind.Text, default);
            return 1;
        }

        _ = CsvHeader.TryReadFirst(raw, _dialect, _syntax, raw.Length, skipBlankLines: false, _fields, out CsvRecord record);
        return record.FieldCount;
    }

    private ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> raw, RecordValue field)
    {
        ReadOnlySpan<byte> text = raw.Slice(field.Start, field.Length);
        if (field.Spelling != ValueSpelling.Plain)
        {
            _scratch = _scratch.Length < text.Length ? new byte[text.Length] : _scratch;
            text = _scratch.AsSpan(0, CsvText.Unescape(text, field.Spelling, _syntax, _scratch));
        }

        return _rawField >= 0 ? FormulaGuard.Undo(text) : text;
    }
}
