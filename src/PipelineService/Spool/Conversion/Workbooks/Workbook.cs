using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;
using PipelineService.Core.Rules;

namespace PipelineService.Spool.Conversion.Workbooks;

/// <param name="Part">The name of its part in the archive.</param>
internal sealed record Sheet(string Name, bool IsHidden, string Part);

/// <summary>
/// What a workbook has besides the cells of its sheets: which sheets there are, the texts that cells share, and which styles are dates.
/// Names are looked at without their namespaces, of which there are two. Source: ECMA-376, parts 1 and 2.
/// </summary>
internal sealed class Workbook
{
    private const string SpreadsheetsMain = "officeDocument";

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CloseInput = true,
    };

    private readonly ZipArchive _archive;
    private readonly DecodedLimits _limits;
    private readonly List<Sheet> _sheets = [];
    private readonly List<DateKind> _styles = [];

    private Workbook(ZipArchive archive, DecodedLimits limits) => (_archive, _limits) = (archive, limits);

    /// <summary>Whether days are counted from 1904 on.</summary>
    public bool IsFrom1904 { get; private set; }

    /// <summary>Texts that cells share, by their numbers.</summary>
    public IReadOnlyList<byte[]> Strings { get; private set; } = [];

    /// <param name="limits">What each part may come to.</param>
    /// <exception cref="UnconvertibleException">There is none in the archive.</exception>
    /// <exception cref="OversizedException">A part of it comes to more than it may.</exception>
    public static Workbook Open(ZipArchive archive, DecodedLimits limits)
    {
        Workbook workbook = new(archive, limits);
        string main = workbook.TargetsOf("").Values.FirstOrDefault(target => target.Type == SpreadsheetsMain).Part ?? "xl/workbook.xml";
        if (archive.GetEntry(main) is null)
        {
            throw new UnconvertibleException(archive.GetEntry("mimetype") is not null
                ? "The workbook is of another kind (.ods): save it as .xlsx"
                : "The file is a ZIP archive and no workbook (.xlsx)");
        }

        if (main.EndsWith(".bin", StringComparison.OrdinalIgnoreCase))
        {
            throw new UnconvertibleException("The workbook is of another kind (.xlsb): save it as .xlsx");
        }

        Dictionary<string, (string Type, string Part)> targets = workbook.TargetsOf(main);
        workbook.ReadMain(main, targets);
        workbook.ReadStyles(targets.Values.FirstOrDefault(target => target.Type == "styles").Part);
        workbook.ReadStrings(targets.Values.FirstOrDefault(target => target.Type == "sharedStrings").Part);
        return workbook;
    }

    /// <summary>What numbers of a style are.</summary>
    public DateKind KindOf(int style) => style >= 0 && style < _styles.Count ? _styles[style] : DateKind.None;

    /// <exception cref="UnconvertibleException">There is no such sheet.</exception>
    public Sheet Find(SheetRequest wanted)
    {
        Sheet? found = wanted.Name is not null ? _sheets.FirstOrDefault(sheet => sheet.Name == wanted.Name)
            : wanted.Number is { } number ? _sheets.ElementAtOrDefault(number - 1)
            : _sheets.FirstOrDefault(sheet => !sheet.IsHidden);
        string shown = string.Join(", ", _sheets.Take(20).Select(sheet => $"\"{Excerpt.Of(sheet.Name)}\""));
        return found ?? throw new UnconvertibleException(
            wanted.Name is not null ? $"The workbook has no sheet \"{Excerpt.Of(wanted.Name)}\" (dialect.sheetName). It has {shown}"
            : wanted.Number is { } missing ? string.Create(
                CultureInfo.InvariantCulture,
                $"The workbook has no sheet {missing} (dialect.sheetNumber). It has {_sheets.Count}: {shown}")
            : "The workbook has no sheet that is not hidden: name one in dialect.sheetName");
    }

    /// <exception cref="UnconvertibleException">It is not there.</exception>
    /// <exception cref="OversizedException">It comes to more than it may.</exception>
    public XmlReader OpenPart(string part) =>
        Open(_archive.GetEntry(part) ?? throw new UnconvertibleException($"The workbook is damaged: its part {Excerpt.Of(part)} is missing"));

    /// <summary>No more is read of it than it says that it has.</summary>
    private XmlReader Open(ZipArchiveEntry part) =>
        _limits.FaultOfPart(Excerpt.Of(part.FullName), part.Length, part.CompressedLength) is { } fault
            ? throw new OversizedException(fault)
            : XmlReader.Create(part.Open(), Settings);

    /// <summary>Reads the text of an element that may have several pieces: all <c>t</c> in it, but for how it is pronounced.</summary>
    public static string ReadRichText(XmlReader xml)
    {
        StringBuilder text = new();
        if (xml.IsEmptyElement)
        {
            return "";
        }

        int depth = xml.Depth;
        bool isAhead = false;
        while ((isAhead || xml.Read()) && xml.Depth > depth)
        {
            isAhead = false;
            if (xml.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            if (xml.LocalName == "rPh")
            {
                xml.Skip();
                isAhead = true;
            }
            else if (xml.LocalName == "t")
            {
                text.Append(xml.ReadElementContentAsString());
                isAhead = true;
            }
        }

        return Unescape(text.ToString());
    }

    /// <summary>Characters that XML cannot hold are written as <c>_x000D_</c>, and an underscore before such a text as <c>_x005F_</c>.</summary>
    public static string Unescape(string text)
    {
        const int Length = 7;
        int found = text.IndexOf("_x", StringComparison.Ordinal);
        if (found < 0)
        {
            return text;
        }

        StringBuilder plain = new(text.Length);
        int start = 0;
        for (; found >= 0; found = text.IndexOf("_x", start, StringComparison.Ordinal))
        {
            bool isEscape = found + Length <= text.Length && text[found + Length - 1] == '_'
                && ushort.TryParse(text.AsSpan(found + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _);
            plain.Append(text, start, found - start);
            plain.Append(isEscape
                ? ((char)ushort.Parse(text.AsSpan(found + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToString()
                : "_x");
            start = found + (isEscape ? Length : 2);
        }

        return plain.Append(text, start, text.Length - start).ToString();
    }

    private void ReadMain(string main, Dictionary<string, (string Type, string Part)> targets)
    {
        using XmlReader xml = OpenPart(main);
        while (xml.Read())
        {
            if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "workbookPr")
            {
                IsFrom1904 = xml.GetAttribute("date1904") is "1" or "true" or "on";
            }
            else if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "sheet")
            {
                string id = AttributeOf(xml, "id") ?? "";
                if (targets.TryGetValue(id, out (string Type, string Part) target) && target.Type == "worksheet")
                {
                    _sheets.Add(new Sheet(xml.GetAttribute("name") ?? "", xml.GetAttribute("state") is "hidden" or "veryHidden", target.Part));
                }
            }
        }
    }

    private void ReadStyles(string? part)
    {
        if (part is null)
        {
            return;
        }

        Dictionary<int, string> formats = [];
        bool isOfCells = false;
        using XmlReader xml = OpenPart(part);
        while (xml.Read())
        {
            if (xml.LocalName == "cellXfs")
            {
                isOfCells = xml.NodeType == XmlNodeType.Element && !xml.IsEmptyElement;
            }
            else if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "numFmt" && Number(xml.GetAttribute("numFmtId")) is { } id)
            {
                formats[id] = xml.GetAttribute("formatCode") ?? "";
            }
            else if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "xf" && isOfCells)
            {
                int format = Number(xml.GetAttribute("numFmtId")) ?? 0;
                _styles.Add(formats.TryGetValue(format, out string? code) ? DateFormats.KindOf(code) : DateFormats.KindOf(format));
            }
        }
    }

    private void ReadStrings(string? part)
    {
        if (part is null)
        {
            return;
        }

        List<byte[]> strings = [];
        using XmlReader xml = OpenPart(part);
        while (xml.Read())
        {
            if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "si")
            {
                strings.Add(Encoding.UTF8.GetBytes(ReadRichText(xml)));
            }
        }

        Strings = strings;
    }

    /// <summary>What a part refers to: by id the last word of the type, and the part.</summary>
    private Dictionary<string, (string Type, string Part)> TargetsOf(string part)
    {
        int slash = part.LastIndexOf('/');
        string folder = part[..(slash + 1)];
        Dictionary<string, (string, string)> targets = new(StringComparer.Ordinal);
        if (_archive.GetEntry($"{folder}_rels/{part[(slash + 1)..]}.rels") is not { } entry)
        {
            return targets;
        }

        using XmlReader xml = Open(entry);
        while (xml.Read())
        {
            if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "Relationship"
                && xml.GetAttribute("Id") is { } id && xml.GetAttribute("Target") is { } target)
            {
                targets[id] = ((xml.GetAttribute("Type") ?? "").Split('/')[^1], Resolve(folder, target));
            }
        }

        return targets;
    }

    private static string Resolve(string folder, string target)
    {
        if (target.StartsWith('/'))
        {
            return target[1..];
        }

        List<string> path = [.. folder.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        foreach (string step in target.Split('/'))
        {
            if (step == ".." && path.Count > 0)
            {
                path.RemoveAt(path.Count - 1);
            }
            else if (step is not (".." or "."))
            {
                path.Add(step);
            }
        }

        return string.Join('/', path);
    }

    /// <summary>Of a namespace of its own, whichever.</summary>
    private static string? AttributeOf(XmlReader xml, string name)
    {
        string? value = null;
        while (xml.MoveToNextAttribute())
        {
            value = xml.LocalName == name ? xml.Value : value;
        }

        xml.MoveToElement();
        return value;
    }

    internal static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
