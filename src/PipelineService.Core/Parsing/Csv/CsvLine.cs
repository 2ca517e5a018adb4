using System.Buffers;
using PipelineService.Core.Datasets;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// Writes one record of delimited text: cells that are read back as the values that they were written for, once their
/// <see cref="FormulaGuard"/> is undone. Used again for record after record.
/// </summary>
public sealed class CsvLine
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly ArrayBufferWriter<byte> _cell = new();
    private readonly CsvSyntax _syntax;
    private readonly SearchValues<byte> _special;
    private readonly byte[] _lineEnd;
    private int _cells;

    /// <param name="dialect">One that can write every value: see <see cref="CsvDialect.ForRejects()"/>.</param>
    public CsvLine(CsvDialect dialect)
    {
        _syntax = new CsvSyntax(dialect);
        _lineEnd = Text.UTF8.GetBytes(dialect.LineTerminator ?? "\r\n");
        _special = _syntax.Special;
    }

    /// <summary>What was written since the last <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

    /// <summary>Whether it can be said that a cell has no value, whatever texts stand for that.</summary>
    public bool CanSayNull => _syntax.HasNull;

    public void Clear()
    {
        _bytes.ResetWrittenCount();
        _cells = 0;
    }

    /// <summary>Writes a cell that has no value.</summary>
    public void AppendNull()
    {
        BeginCell();
        _bytes.Write(_syntax.Null);
    }

    /// <summary>Writes a cell, guarded, and quoted or escaped where it must be.</summary>
    /// <param name="value">Any bytes; those that are not UTF-8 stay as they are.</param>
    public void Append(ReadOnlySpan<byte> value)
    {
        BeginCell();
        if (FormulaGuard.Needs(value))
        {
            _cell.ResetWrittenCount();
            _cell.Write([FormulaGuard.Mark]);
            _cell.Write(value);
            value = _cell.WrittenSpan;
        }

        bool meansOther = MeansOther(value);
        if (!meansOther && !value.ContainsAny(_special))
        {
            _bytes.Write(value);
        }
        else if (_syntax.HasQuote)
        {
            _bytes.Write(_syntax.Quote);
            AppendMarked(value, _syntax.DoubleQuote ? _syntax.Quote : _syntax.Escape, isQuoted: true);
            _bytes.Write(_syntax.Quote);
        }
        else
        {
            _bytes.Write(meansOther && !_special.Contains(value[0]) ? _syntax.Escape : []);
            AppendMarked(value, _syntax.Escape, isQuoted: false);
        }
    }

    /// <summary>Ends the record.</summary>
    public void End()
    {
        // Behind an escaped CR an LF alone would be escaped with it.
        bool isBehindReturn = _bytes.WrittenSpan is [.., (byte)'\r'];
        _bytes.Write(isBehindReturn && _lineEnd is [(byte)'\n'] ? "\r\n"u8 : _lineEnd);
        _cells = 0;
    }

    private void BeginCell() => _bytes.Write(_cells++ > 0 ? _syntax.Delimiter : []);

    /// <summary>Whether a text would be read as something else than itself for what it is as a whole, or begins with.</summary>
    private bool MeansOther(ReadOnlySpan<byte> value) =>
        (_syntax.SkipsSpaces && value is [(byte)' ', ..])
        || (_syntax.HasNull && value.SequenceEqual(_syntax.Null))
        || (_cells == 1 && !_syntax.Comment.IsEmpty && value.StartsWith(_syntax.Comment));

    /// <summary>Writes text with a mark before each character that would mean something.</summary>
    private void AppendMarked(ReadOnlySpan<byte> text, ReadOnlySpan<byte> mark, bool isQuoted)
    {
        SearchValues<byte> special = isQuoted ? _syntax.InText : _special;
        while (text.IndexOfAny(special) is int found and >= 0)
        {
            _bytes.Write(text[..found]);
            text = text[found..];
            bool isEscape = _syntax.HasEscape && text.StartsWith(_syntax.Escape);
            bool isMarked = !isQuoted || isEscape || text.StartsWith(_syntax.Quote);
            _bytes.Write(!isMarked ? [] : isEscape ? _syntax.Escape : mark);
            _bytes.Write(text[..1]);
            text = text[1..];
        }

        _bytes.Write(text);
    }
}
