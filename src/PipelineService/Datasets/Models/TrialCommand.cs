using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Models;

/// <summary>
/// <c>PipelineService try-models BYTES SECONDS</c>: the process in which models are tried, started by the service and by nobody else. Takes
/// them from standard input, each with its length before it, and answers each with a line of JSON. What a model may do to it, it may do: it
/// has so much memory and time, and knows no secret.
/// </summary>
internal static partial class TrialCommand
{
    public const string Word = "try-models";

    /// <summary>Limits of a process, as Linux numbers them.</summary>
    private const int CpuSeconds = 0, CoreBytes = 4, AddressBytes = 9;

    public static bool IsAskedFor(string[] args) => args is [Word, _, _];

    /// <param name="args">The words after the program's name.</param>
    public static int Run(string[] args)
    {
        using Stream input = Console.OpenStandardInput();
        using Stream output = Console.OpenStandardOutput();
        Limit(long.Parse(args[1], CultureInfo.InvariantCulture), long.Parse(args[2], CultureInfo.InvariantCulture));
        byte[] length = new byte[sizeof(int)];
        while (input.ReadAtLeast(length, length.Length, throwOnEndOfStream: false) == length.Length)
        {
            byte[] model = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
            input.ReadExactly(model);
            JsonSerializer.Serialize(output, OnnxTrial.Try(model), PipelineJson.Options);
            output.WriteByte((byte)'\n');
            output.Flush();
        }

        return 0;
    }

    /// <summary>
    /// On Linux the system holds it to them; elsewhere whoever has started it does, by looking at it. Address space that it has already is
    /// its own: the collector reserves far more than it ever uses.
    /// </summary>
    private static void Limit(long bytes, long seconds)
    {
        if (OperatingSystem.IsLinux())
        {
            long pages = long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], CultureInfo.InvariantCulture);
            Set(AddressBytes, (pages * Environment.SystemPageSize) + bytes);
            Set(CpuSeconds, seconds);
            Set(CoreBytes, 0);
        }
    }

    private static void Set(int resource, long limit)
    {
        ResourceLimit both = new((nuint)limit, (nuint)limit);
        if (SetLimit(resource, in both) != 0)
        {
            throw new InvalidOperationException($"Limit {resource} cannot be set: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct ResourceLimit(nuint Soft, nuint Hard);
}
