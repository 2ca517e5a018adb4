using System.IO.Compression;
using SpreadCheetah;
using SpreadCheetah.Styling;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Workbooks, made by a library that makes them for spreadsheets.</summary>
internal static class WorkbookSample
{
    /// <summary>Rows of an id, a moment and a note.</summary>
    public static async Task<byte[]> OfAsync(int rows, CancellationToken cancellationToken)
    {
        using MemoryStream file = new();
        await using (Spreadsheet book = await Spreadsheet.CreateNewAsync(file, cancellationToken: cancellationToken))
        {
            await book.StartWorksheetAsync("Data", token: cancellationToken);
            StyleId date = book.AddStyle(new Style { Format = NumberFormat.Standard(StandardNumberFormat.DateAndTime) });
            await book.AddRowAsync([new Cell("id"), new Cell("at"), new Cell("note")], cancellationToken);
            for (int id = 1; id <= rows; id++)
            {
                await book.AddRowAsync(
                    [new Cell(id), new Cell(new DateTime(2026, 3, 1).AddMinutes(id), date), new Cell($"n{id}")], cancellationToken);
            }

            await book.FinishAsync(cancellationToken);
        }

        return file.ToArray();
    }

    /// <summary>The same workbook with one of its parts changed, and whole as a ZIP file.</summary>
    public static byte[] WithPart(byte[] workbook, int part, Func<byte[], byte[]> change)
    {
        using ZipArchive archive = new(new MemoryStream(workbook));
        return WithPart(workbook, archive.Entries[part % archive.Entries.Count].FullName, change);
    }

    /// <inheritdoc cref="WithPart(byte[], int, Func{byte[], byte[]})"/>
    public static byte[] WithPart(byte[] workbook, string part, Func<byte[], byte[]> change)
    {
        using MemoryStream file = new();
        using (ZipArchive from = new(new MemoryStream(workbook)))
        using (ZipArchive to = new(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (ZipArchiveEntry entry in from.Entries)
            {
                using MemoryStream bytes = new();
                using (Stream old = entry.Open())
                {
                    old.CopyTo(bytes);
                }

                using Stream copy = to.CreateEntry(entry.FullName).Open();
                copy.Write(entry.FullName == part ? change(bytes.ToArray()) : bytes.ToArray());
            }
        }

        return file.ToArray();
    }
}
