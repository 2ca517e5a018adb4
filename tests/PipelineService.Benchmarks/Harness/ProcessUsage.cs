using System.Globalization;

namespace PipelineService.Benchmarks.Harness;

/// <summary>What a running process has used, as Linux counts it.</summary>
internal static class ProcessUsage
{
    /// <summary>USER_HZ: 100 on every Linux that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Peak resident memory since the start or the last <see cref="ResetPeak"/>, in MB (10^6 bytes).</summary>
    public static double PeakResidentMB(int processId) => StatusMB(processId, "VmHWM:");

    /// <summary>Resident memory now, in MB (10^6 bytes).</summary>
    public static double ResidentMB(int processId) => StatusMB(processId, "VmRSS:");

    /// <summary>Makes the peak start again from what is resident now.</summary>
    public static void ResetPeak(int processId) =>
        File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/clear_refs"), "5");

    /// <summary>User and system time of all threads, in seconds.</summary>
    public static double CpuSeconds(int processId) => CpuSeconds(processId, isWithChildren: false);

    /// <summary>The same, with that of processes that it started and that have ended.</summary>
    public static double CpuSecondsWithChildren(int processId) => CpuSeconds(processId, isWithChildren: true);

    /// <summary>
    /// Resident memory now, in MB (10^6 bytes), with that of processes that it started. One that has not become another program yet still
    /// has the memory of who started it, which is there once.
    /// </summary>
    public static double ResidentMBWithChildren(int processId) => WithChildren(processId, ResidentMB);

    /// <summary>
    /// The same, but of processes that it started what they share with nobody: programs and libraries of both are there once.
    /// </summary>
    public static double MemoryMBWithChildren(int processId) => WithChildren(processId, PrivateMB);

    private static double WithChildren(int processId, Func<int, double> memoryOfChild)
    {
        string own = CommandLineOf(processId);
        string tasks = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/task");
        double sum = ResidentMB(processId);
        foreach (string child in Directory.EnumerateDirectories(tasks).SelectMany(ChildrenOf))
        {
            int id = int.Parse(child, CultureInfo.InvariantCulture);
            sum += CommandLineOf(id) == own ? 0 : OrNone(memoryOfChild, id);
        }

        return sum;
    }

    private static string[] ChildrenOf(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return []; // it has ended
        }
    }

    private static string CommandLineOf(int processId)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/cmdline"));
        }
        catch (IOException)
        {
            return ""; // it has ended
        }
    }

    private static double OrNone(Func<int, double> memory, int processId)
    {
        try
        {
            return memory(processId);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return 0; // it has ended
        }
    }

    private static double CpuSeconds(int processId, bool isWithChildren)
    {
        string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));

        // The second field is the command in parentheses and may hold blanks: count from behind it. proc(5): utime and
        // stime are fields 14 and 15, so 11 and 12 of what follows; those of children come next.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Parse(fields[11]) + Parse(fields[12]) + (isWithChildren ? Parse(fields[13]) + Parse(fields[14]) : 0)) / TicksPerSecond;
    }

    /// <summary>Bytes that it has read from files, whether or not a disk had to be asked.</summary>
    public static long BytesRead(int processId)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/io");
        string line = File.ReadLines(path).First(l => l.StartsWith("rchar:", StringComparison.Ordinal));
        return long.Parse(line["rchar:".Length..], CultureInfo.InvariantCulture);
    }

    private static double PrivateMB(int processId)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/smaps_rollup");
        return File.ReadLines(path).Where(line => line.StartsWith("Private_", StringComparison.Ordinal)).Sum(MBOf);
    }

    private static double StatusMB(int processId, string name)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/status");
        return MBOf(File.ReadLines(path).First(l => l.StartsWith(name, StringComparison.Ordinal)));
    }

    /// <param name="line">A name, a colon and kB, as proc(5) has them.</param>
    private static double MBOf(string line) =>
        Parse(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim()) * 1_024 / 1e6;

    private static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
