using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// What comes before the records of delimited text: the header, of one row or of several, rows before it, and rows that the dialect
/// declares as comments.
/// </summary>
/// <remarks>
/// Rows are counted as https://github.com/frictionlessdata/frictionless-py counts them: records, comments and empty lines alike. The
/// first row, which has the names where nothing else is declared, is the first that is neither of the latter.
/// </remarks>
/// <param name="dialect">How the data is written.</param>
/// <param name="recordBytesMax">The longest row, without its line end.</param>
public sealed class CsvPrelude(CsvDialect dialect, int recordBytesMax)
{
    private readonly CsvSyntax _syntax = new(dialect);
    private readonly CsvRecordScanner _rows = new(dialect, recordBytesMax, skipBlankLines: false);
    private readonly bool _isFirstRow = dialect.HasFirstRowHeader;

    /// <summary>Scans the rows before the first record.</summary>
    /// <param name="bytes">The first bytes of the data; a byte order mark is no part of them.</param>
    /// <param name="isFinal">True when no byte follows.</param>
    /// <returns>One record when all of the rows are there, and as long as they are; none when more is needed, or there is no more.</returns>
    public ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal) => Walk(bytes, isFinal, header: null);

    /// <summary>Reads the names of the fields.</summary>
    /// <param name="bytes">The rows as <see cref="Scan"/> found them.</param>
    /// <param name="error">Why there are no names, for the user to read; else null.</param>
    /// <returns>The names in the order of the data; empty with an error.</returns>
    public ImmutableArray<string> ReadNames(ReadOnlySpan<byte> bytes, out string? error)
    {
        List<Range> header = [];
        if (Walk(bytes, isFinal: true, header).Records == 0 && !_isFirstRow)
        {
            error = string.Create(
                CultureInfo.InvariantCulture, $"The data ends before row {dialect.HeaderRows[^1]}, which dialect.headerRows names.");
            return [];
        }

        error = header.Count > 0 ? null
            : _isFirstRow && _syntax.Comment.IsEmpty && dialect.CommentRows.IsEmpty ? "The upload is empty: there is no header."
            : _isFirstRow ? "The upload has no header: there are only comments and empty lines."
            : "The rows that dialect.headerRows names are empty, or comments.";
        List<ImmutableArray<string>> rows = [];
        foreach (Range row in header)
        {
            rows.Add(CsvHeader.Read(bytes[row], dialect, recordBytesMax, out error));
            if (error is not null)
            {
                return [];
            }
        }

        return rows.Count switch
        {
            0 => [],
            1 => rows[0],
            _ => Join(rows),
        };
    }

    /// <param name="bytes">The first bytes of the data.</param>
    /// <param name="isFinal">True when no byte follows.</param>
    /// <param name="header">Takes the rows that have names, or null.</param>
    private ScanResult Walk(ReadOnlySpan<byte> bytes, bool isFinal, List<Range>? header)
    {
        (int position, int lines) = (0, 0);
        bool isFound = !dialect.Header;
        for (int row = 1; !isFound || dialect.CommentRows.Contains(row); row++)
        {
            ScanResult found = ScanRow(bytes[position..], isFinal, out bool isRecord);
            if (found.Records == 0)
            {
                return new ScanResult(position, isFound && isFinal ? 1 : 0, lines, found.RecordTooLong);
            }

            bool isHeader = !isFound && !dialect.CommentRows.Contains(row)
                && (_isFirstRow ? isRecord : dialect.HeaderRows.Contains(row));
            if (isHeader && isRecord)
            {
                header?.Add(position..(position + found.Length));
            }

            isFound |= _isFirstRow ? isHeader : row == dialect.HeaderRows[^1];
            position += found.Length;
            lines += found.Lines;
        }

        return new ScanResult(position, Records: 1, lines, RecordTooLong: false);
    }

    /// <summary>Scans one row, whatever it is.</summary>
    private ScanResult ScanRow(ReadOnlySpan<byte> bytes, bool isFinal, out bool isRecord)
    {
        isRecord = false;
        Match isComment = _syntax.Comment.IsEmpty ? Match.No : CsvSyntax.Find(bytes, position: 0, _syntax.Comment, isFinal);
        if (isComment == Match.No)
        {
            ScanResult row = _rows.Scan(bytes, isFinal, recordsMax: 1);
            isRecord = row.Records > 0 && _syntax.WithoutLineEnd(bytes[..row.Length]).Length > 0;
            return row;
        }

        int end = isComment == Match.Yes ? _syntax.EndOfComment(bytes, start: 0, isFinal, out int next) : next = 0;
        next = next < 0 && isFinal ? bytes.Length : next;
        return end > recordBytesMax ? new ScanResult(0, 0, 0, RecordTooLong: true)
            : next <= 0 ? default
            : new ScanResult(next, Records: 1, Lines: 1, RecordTooLong: false);
    }

    /// <summary>
    /// Joins the parts of each name. A part that a row above the last leaves out, or leaves empty, is that of the field before:
    /// names that stand over several fields are written so.
    /// </summary>
    private ImmutableArray<string> Join(List<ImmutableArray<string>> rows)
    {
        string[] names = new string[rows.Max(row => row.Length)];
        string[] over = new string[rows.Count];
        for (int field = 0; field < names.Length; field++)
        {
            for (int row = 0; row < rows.Count; row++)
            {
                string part = field < rows[row].Length ? rows[row][field] : "";
                over[row] = part.Length > 0 || row == rows.Count - 1 || field == 0 ? part : over[row];
            }

            names[field] = string.Join(dialect.HeaderJoin, over.Where(part => part.Length > 0));
        }

        return [.. names];
    }
}
