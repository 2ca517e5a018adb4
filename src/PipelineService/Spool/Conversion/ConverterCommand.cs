using PipelineService.Core.Datasets;
using PipelineService.Spool.Conversion.Arrow;
using PipelineService.Spool.Conversion.Parquet;
using PipelineService.Spool.Conversion.Workbooks;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// What the child process does that the service starts to convert a file: reads one request from standard input, and writes the rows to
/// standard output. Foreign files are read here and nowhere else: what kills, hangs or swells this process leaves the service alone.
/// </summary>
internal static class ConverterCommand
{
    /// <summary>Not told by <c>--help</c>: only the service calls it.</summary>
    public const string Name = "convert-upload";

    /// <summary>The file is at fault; why stands on standard error.</summary>
    public const int Unconvertible = 3;

    /// <summary>It takes more memory than there is.</summary>
    public const int Demanding = 4;

    /// <summary>More would come of it than may; of what stands on standard error.</summary>
    public const int Oversized = 5;

    private const int NotAsked = 2;

    public static bool IsAskedFor(string[] args) => args is [Name];

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync()
    {
        using StreamReader input = new(Console.OpenStandardInput());
        if (await input.ReadLineAsync() is not { Length: > 0 } line)
        {
            return NotAsked;
        }

        var request = ConversionRequest.FromLine(line);
        EndWithParent(input);
        WidePipe.Widen();
        try
        {
            await using Stream output = Console.OpenStandardOutput();
            Convert(request, output);
            return 0;
        }
        catch (UnconvertibleException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Unconvertible;
        }
        catch (OversizedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Oversized;
        }
        catch (Exception e) when (e is DemandingException or OutOfMemoryException)
        {
            return Demanding;
        }
    }

    private static void Convert(ConversionRequest request, Stream output)
    {
        switch (request.Format)
        {
            case DataFormat.Parquet:
                ParquetConverter.Convert(request, new PackedRows(output));
                break;
            case DataFormat.Arrow:
                ArrowConverter.Convert(request, new PackedRows(output));
                break;
            case DataFormat.Xlsx:
                WorkbookConverter.Convert(request, new RowText(output));
                break;
            default:
                throw new InvalidOperationException($"{request.Format} is not converted.");
        }
    }

    /// <summary>The other end of standard input is closed when the service has ended in any way, or wants no more.</summary>
    private static void EndWithParent(StreamReader input) => new Thread(() =>
    {
        try
        {
            while (input.Read() >= 0)
            {
            }
        }
        catch (IOException)
        {
            // As good as closed.
        }

        using var self = System.Diagnostics.Process.GetCurrentProcess();
        self.Kill(); // nothing that a library has to say at an orderly end is waited for
    })
    {
        IsBackground = true,
    }.Start();
}
