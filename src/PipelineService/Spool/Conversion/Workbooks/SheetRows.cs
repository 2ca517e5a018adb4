using System.Globalization;
using System.Text;

namespace PipelineService.Spool.Conversion.Workbooks;

/// <summary>The rows of one sheet: its header, then the records, each on the line that has the number of its row.</summary>
/// <param name="formOf">What a field wants of its column.</param>
internal sealed class SheetRows(SheetCells cells, Workbook workbook, SheetRequest sheet, Func<string, WantedForm> formOf)
{
    private readonly CellText _text = new(workbook);
    private readonly int _lastHeader = sheet.HeaderRows.Count == 0 ? 0 : sheet.HeaderRows.Max();
    private readonly List<List<string>> _parts = [];
    private WantedForm[] _forms = [];

    public void Write(RowText row)
    {
        if (sheet.Names is { } given)
        {
            WriteNames(given, row);
        }

        int written = 0;
        while (cells.Read())
        {
            Pass(written, cells.Row, row);
            if (cells.Row <= _lastHeader)
            {
                Gather();
                if (cells.Row == _lastHeader)
                {
                    WriteNames(Joined(), row);
                }
                else
                {
                    row.Blank();
                }
            }
            else if (sheet.CommentRows.Contains(cells.Row) || cells.Cells.Count == 0)
            {
                row.Blank();
            }
            else
            {
                WriteCells(row);
            }

            written = cells.Row;
        }

        if (written < _lastHeader)
        {
            throw new UnconvertibleException(written == 0
                ? "The sheet is empty: it has no header"
                : string.Create(CultureInfo.InvariantCulture, $"The sheet ends in row {written}, and its header is in row {_lastHeader}"));
        }
    }

    /// <summary>Rows that the sheet does not have are lines all the same.</summary>
    private void Pass(int written, int next, RowText row)
    {
        for (; written + 1 < next; written++)
        {
            if (written + 1 == _lastHeader)
            {
                WriteNames(Joined(), row);
            }
            else
            {
                row.Blank();
            }
        }
    }

    private string[] Joined() => [.. _parts.Select(part => string.Join(sheet.HeaderJoin, part))];

    /// <summary>Columns up to the last one with a name: what a sheet has behind that is a fault of the record.</summary>
    private void WriteNames(IReadOnlyList<string> names, RowText row)
    {
        int count = names.Count;
        while (count > 0 && names[count - 1].Length == 0)
        {
            count--;
        }

        string[] named = [.. names.Take(count)];
        _forms = [.. named.Select(formOf)];
        row.Names(named);
        row.Flush(); // whether they fit is looked at while the rest is read
    }

    private void Gather()
    {
        if (!sheet.HeaderRows.Contains(cells.Row) || sheet.CommentRows.Contains(cells.Row))
        {
            return;
        }

        for (int i = 0; i < cells.Cells.Count; i++)
        {
            if (i == _parts.Count)
            {
                _parts.Add([]);
            }

            Cell cell = cells.Cells[i];
            string text = cell.Kind switch
            {
                CellKind.Text => Encoding.UTF8.GetString(cell.Text),
                CellKind.Number => cell.Number.ToString(CultureInfo.InvariantCulture),
                CellKind.Boolean => cell.Number == 0 ? "false" : "true",
                _ => "",
            };
            if (text.Length > 0)
            {
                _parts[i].Add(text);
            }
        }
    }

    /// <summary>Cells up to the last that is not empty, and at least as many as there are names.</summary>
    private void WriteCells(RowText row)
    {
        row.BeginRow();
        for (int i = 0; i < Math.Max(cells.Cells.Count, _forms.Length); i++)
        {
            row.BeginValue();
            _text.Write(row, i < cells.Cells.Count ? cells.Cells[i] : default, i < _forms.Length ? _forms[i] : WantedForm.Natural);
        }

        row.EndRow();
    }
}
