using System.Globalization;
using System.Text;
using System.Xml;

namespace PipelineService.Spool.Conversion.Workbooks;

/// <summary>What a cell holds.</summary>
internal enum CellKind : byte
{
    Empty,
    Text,
    Number,
    Boolean,
}

/// <param name="Text">Of text, an error's too.</param>
/// <param name="Number">Of a number; 1 and 0 of a boolean.</param>
internal readonly record struct Cell(CellKind Kind, byte[] Text, double Number, int Style);

/// <summary>Reads the cells of a sheet, row by row as they come.</summary>
internal sealed class SheetCells(XmlReader xml, IReadOnlyList<byte[]> strings) : IDisposable
{
    /// <summary>The last column of a sheet, XFD.</summary>
    private const int ColumnsMax = 16_384;

    private const int RowsMax = 1_048_576;

    private readonly List<Cell> _cells = [];

    /// <summary>The number of the row at hand, from 1 on.</summary>
    public int Row { get; private set; }

    /// <summary>Its cells up to the last one that is not empty.</summary>
    public IReadOnlyList<Cell> Cells => _cells;

    /// <summary>Goes to the next row that the sheet has.</summary>
    public bool Read()
    {
        _cells.Clear();
        while (xml.Read())
        {
            if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "row")
            {
                int number = Workbook.Number(xml.GetAttribute("r")) ?? Row + 1;
                Row = number > Row && number <= RowsMax
                    ? number
                    : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"row {number} comes behind row {Row}"));
                ReadRow();
                return true;
            }
        }

        return false;
    }

    public void Dispose() => xml.Dispose();

    private void ReadRow()
    {
        if (xml.IsEmptyElement)
        {
            return;
        }

        int depth = xml.Depth;
        while (xml.Read() && xml.Depth > depth)
        {
            if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "c")
            {
                int column = xml.GetAttribute("r") is { } place ? ColumnOf(place) : _cells.Count;
                if (column < _cells.Count || column >= ColumnsMax)
                {
                    throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"the cells of row {Row} are not in their order"));
                }

                while (_cells.Count < column)
                {
                    _cells.Add(default);
                }

                _cells.Add(ReadCell());
            }
        }

        while (_cells.Count > 0 && _cells[^1].Kind == CellKind.Empty)
        {
            _cells.RemoveAt(_cells.Count - 1);
        }
    }

    private Cell ReadCell()
    {
        string type = xml.GetAttribute("t") ?? "n";
        int style = Workbook.Number(xml.GetAttribute("s")) ?? 0;
        string? value = null;
        if (!xml.IsEmptyElement)
        {
            int depth = xml.Depth;
            bool isAhead = false;
            while ((isAhead || xml.Read()) && xml.Depth > depth)
            {
                isAhead = false;
                if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "v")
                {
                    value = xml.ReadElementContentAsString();
                    isAhead = true;
                }
                else if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "is")
                {
                    value = Workbook.ReadRichText(xml);
                }
            }
        }

        return value is null ? default : Of(type, value, style);
    }

    private Cell Of(string type, string value, int style)
    {
        switch (type)
        {
            case "s":
                return Workbook.Number(value.Trim()) is { } index && index < strings.Count
                    ? new Cell(CellKind.Text, strings[index], 0, style)
                    : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"a cell of row {Row} has a text that is not there"));
            case "n":
                return value.Length == 0 ? default
                    : double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                        ? new Cell(CellKind.Number, [], number, style)
                        : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"a cell of row {Row} has a number that is none"));
            case "b":
                return new Cell(CellKind.Boolean, [], value.Trim() is "1" or "true" ? 1 : 0, style);
            default:
                return new Cell(CellKind.Text, Encoding.UTF8.GetBytes(type == "str" ? Workbook.Unescape(value) : value), 0, style);
        }
    }

    /// <summary>0-based, of a place such as <c>AB12</c>.</summary>
    private static int ColumnOf(string place)
    {
        int column = 0;
        foreach (char letter in place)
        {
            if (!char.IsAsciiLetterUpper(letter) || column > ColumnsMax)
            {
                break;
            }

            column = (column * 26) + letter - 'A' + 1;
        }

        return column - 1;
    }
}
