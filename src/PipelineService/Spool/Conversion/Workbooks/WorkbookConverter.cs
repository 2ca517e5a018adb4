using System.IO.Compression;
using System.Xml;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Spool.Conversion.Workbooks;

/// <summary>Reads a sheet of a workbook, row by row: cells as they are typed, formulas as what they were when it was saved.</summary>
internal static class WorkbookConverter
{
    /// <exception cref="UnconvertibleException">It is no workbook, a protected or a damaged one, or has no such sheet.</exception>
    /// <exception cref="OversizedException">A part of it comes to more than it may.</exception>
    public static void Convert(ConversionRequest request, RowText row)
    {
        using FileStream file = File.OpenRead(request.Path);
        ThrowUnlessZip(file);
        try
        {
            using ZipArchive archive = new(file, ZipArchiveMode.Read, leaveOpen: true);
            SheetRequest wanted = request.Sheet!;
            var workbook = Workbook.Open(archive, request.PartLimits);
            using var cells = new SheetCells(workbook.OpenPart(workbook.Find(wanted).Part), workbook.Strings);
            new SheetRows(cells, workbook, wanted, request.FormOf).Write(row);
            row.Flush();
        }
        catch (Exception e) when (e is InvalidDataException or XmlException or FormatException or OverflowException)
        {
            throw new UnconvertibleException($"The workbook is damaged: {Excerpt.Of(e.Message.TrimEnd('.'), 300)}");
        }
    }

    private static void ThrowUnlessZip(FileStream file)
    {
        Span<byte> first = stackalloc byte[ForeignContent.BytesLooked];
        first = first[..file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false)];
        file.Position = 0;
        if (first is not [(byte)'P', (byte)'K', 3, 4, ..])
        {
            throw new UnconvertibleException(
                first.IsEmpty ? "The file is empty"
                : first is [0xD0, 0xCF, 0x11, 0xE0, ..]
                    ? "The workbook is protected by a password, or of an old kind (.xls): save it as .xlsx, without a password"
                    : $"The file is no workbook (.xlsx). {ForeignContent.SentenceOf(first)}".TrimEnd());
        }
    }
}
