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
        _dialect = dialect;
        _missing = [.. names.Select(name => MissingCellOf(schema, name))];
        _fields = new RecordValue[names.Length];
        if (RejectHeader.Find(names, schema) is { } header)
        {
            Columns = header.DataNames;
            _dataFields = header.DataFields;
            _rawField = header.RawField;
        }
        else
        {
            Columns = names;
            _dataFields = [.. Enumerable.Range(0, names.Length)];
        }
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
        bool isWhole = !isCut && IsWhole(count);
        foreach (int field in _dataFields)
        {
            line.Append(field < known ? ValueOf(raw, _fields[field]) : isWhole ? _missing[field] : []);
        }

        // What a file of rejects that was sent back says about a record holds until the record is mended.
        return !isWhole ? raw
            : _rawField >= 0 && _rawField < known ? ValueOf(raw, _fields[_rawField])
            : [];
    }

    /// <summary>Whether a record of so many fields is one as it is declared, and cells can say what it does not have.</summary>
    private bool IsWhole(int count) =>
        count == _fields.Length
        || (count > _fields.Length && _dialect.Trims)
        || (count > 0 && count < _fields.Length && _dialect.Pads && !_missing.AsSpan(count).Contains(null));

    /// <returns>How many fields the record has; 0 when its quotes are at fault.</returns>
    private int ReadFields(ReadOnlySpan<byte> raw)
    {
        if (raw.IsEmpty)
        {
            // An empty line, which is a record where records have one field.
            _fields[0] = default;
            return 1;
        }

        CsvTokenizer reader = new(raw, _dialect, raw.Length, skipBlankLines: false, _fields);
        reader.Read(out CsvRecord record);
        return record.FieldCount;
    }

    private ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> raw, RecordValue field)
    {
        ReadOnlySpan<byte> text = raw.Slice(field.Start, field.Length);
        if (field.Spelling == ValueSpelling.CsvDoubled)
        {
            _scratch = _scratch.Length < text.Length ? new byte[text.Length] : _scratch;
            text = _scratch.AsSpan(0, CsvText.Unescape(text, _dialect.Quote, _scratch));
        }

        return _rawField >= 0 ? FormulaGuard.Undo(text) : text;
    }
}
