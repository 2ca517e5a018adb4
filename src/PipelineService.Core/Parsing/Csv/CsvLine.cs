using System.Buffers;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// Writes one record of delimited text: cells that <see cref="CsvTokenizer"/> reads back as the values that they were
/// written for, once their <see cref="FormulaGuard"/> is undone. Used again for record after record.
/// </summary>
public sealed class CsvLine
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly SearchValues<byte> _special;
    private readonly byte _delimiter;
    private readonly byte _quote;
    private int _cells;

    public CsvLine(CsvDialect dialect)
    {
        _delimiter = dialect.Delimiter;
        _quote = dialect.Quote;
        _special = SearchValues.Create([_delimiter, _quote, (byte)'\r', (byte)'\n']);
    }

    /// <summary>What was written since the last <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

    public void Clear()
    {
        _bytes.ResetWrittenCount();
        _cells = 0;
    }

    /// <summary>Writes a cell, guarded and quoted where it must be.</summary>
    /// <param name="value">Any bytes; those that are not UTF-8 stay as they are.</param>
    public void Append(ReadOnlySpan<byte> value)
    {
        if (_cells++ > 0)
        {
            _bytes.Write([_delimiter]);
        }

        bool isGuarded = FormulaGuard.Needs(value);
        if (value.ContainsAny(_special) || (isGuarded && _special.Contains(FormulaGuard.Mark)))
        {
            _bytes.Write([_quote]);
            AppendDoubled(isGuarded ? [FormulaGuard.Mark] : []);
            AppendDoubled(value);
            _bytes.Write([_quote]);
        }
        else
        {
            _bytes.Write(isGuarded ? [FormulaGuard.Mark] : []);
            _bytes.Write(value);
        }
    }

    /// <summary>Ends the record.</summary>
    public void End() => _bytes.Write("\r\n"u8);

    private void AppendDoubled(ReadOnlySpan<byte> text)
    {
        while (text.IndexOf(_quote) is int found and >= 0)
        {
            _bytes.Write(text[..(found + 1)]);
            _bytes.Write([_quote]);
            text = text[(found + 1)..];
        }

        _bytes.Write(text);
    }
}
