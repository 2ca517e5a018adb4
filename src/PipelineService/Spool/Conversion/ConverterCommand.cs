using PipelineService.Core.Datasets;
using PipelineService.Spool.Conversion.Arrow;
using PipelineService.Spool.Conversion.Packing;
using PipelineService.Spool.Conversion.Parquet;
using PipelineService.Spool.Conversion.Workbooks;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// What the child process does that the service starts to convert a file: reads one request from standard input, and writes the rows to
/// the file that it names. Foreign files are read here and nowhere else: what kills, hangs or swells this process leaves the service alone.
/// </summary>
internal static class ConverterCommand
{
    /// <summary>Not told by <c>--help</c>: only the service calls it.</summary>
    public const string Name = "convert-upload";

    /// <summary>The file is at fault; why stands on standard error.</summary>
    public const int Unconvertible = 3;

    /// <summary>It takes more memory than there is.</summary>
    public const int Demanding = 4;

    /// <summary>What is made cannot be written; why stands on standard error.</summary>
    public const int Unwritable = 5;

    /// <summary>More would come of it than may; of what stands on standard error.</summary>
    public const int Oversized = 6;

    private const int NotAsked = 2;

    public static bool IsAskedFor(string[] args) => args is [Name, ..];

    /// <param name="args">Its name, and perhaps which format it will most likely be asked for.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        using StreamReader input = new(Console.OpenStandardInput());
        using DuckQuery? queries = GetReady(args);
        if (await input.ReadLineAsync() is not { Length: > 0 } line)
        {
            return NotAsked;
        }

        var request = ConversionRequest.FromLine(line);
        await using ConversionOutput output = new(
            File.OpenHandle(request.Target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete), Console.OpenStandardOutput());
        Listen(input, output);
        try
        {
            Convert(request, output, queries);
            return 0;
        }
        catch (UnconvertibleException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Unconvertible;
        }
        catch (UnwritableException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Unwritable;
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

    /// <summary>
    /// While the file still arrives: finds the libraries, and goes once through what will be done for each row, so that it is compiled.
    /// </summary>
    /// <returns>An empty database, where one will be asked.</returns>
    private static DuckQuery? GetReady(string[] args)
    {
        if (args is not [_, nameof(DataFormat.Parquet) or nameof(DataFormat.Arrow)])
        {
            return null;
        }

        _ = ConversionRequest.FromLine("""{"Format":4,"Path":"","Target":"","Fields":{"a":1},"MemoryBytes":0,"Packed":{"b":3}}""");
        PackedRows rows = new(ConversionOutput.Nowhere());
        if (args is [_, nameof(DataFormat.Arrow)])
        {
            ArrowConverter.GetReady(rows);
            return null;
        }

        var queries = DuckQuery.Open();
        ParquetConverter.GetReady(queries, rows);
        return queries;
    }

    private static void Convert(ConversionRequest request, Stream output, DuckQuery? queries)
    {
        switch (request.Format)
        {
            case DataFormat.Parquet:
                ParquetConverter.Convert(request, new PackedRows(output), queries);
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

    /// <summary>
    /// On standard input the service says when it has heard of a piece, a line for each. Its other end is closed when the service has ended in
    /// any way, or wants no more.
    /// </summary>
    private static void Listen(StreamReader input, ConversionOutput output) => new Thread(() =>
    {
        try
        {
            while (input.Read() is >= 0 and var said)
            {
                if (said == ConversionProcess.Heard)
                {
                    output.Acknowledge();
                }
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
