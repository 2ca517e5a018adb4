using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace PipelineService.Hosting.FaultInjection;

/// <summary>
/// A testing aid: lets the process die, or a step fail, at a named point. Armed only by the environment variable
/// <c>PIPELINE_FAULT_POINT</c> when the process starts; without it a point costs one comparison of a static field.
/// </summary>
/// <remarks>
/// One or more of <c>point:kill:N</c> (SIGKILL at the N-th time; 1 when left out), <c>point:throw:N</c> (an
/// <see cref="IOException"/> at the N-th time) and <c>point:throw</c> (every time), separated by commas, with points as
/// in <see cref="FaultPoint"/>, such as <c>CopySent:kill:3</c>.
/// </remarks>
public static class FaultPoints
{
    public const string Variable = "PIPELINE_FAULT_POINT";

    /// <summary>What the process says on standard error when it comes to an armed point; the point's name follows.</summary>
    public const string ReachedMessage = "fault point reached: ";

    private static readonly Armed[]? Points = Parse(Environment.GetEnvironmentVariable(Variable));

    /// <param name="content">What is worked on there.</param>
    /// <exception cref="IOException">The point is armed to throw.</exception>
    public static void Reach(FaultPoint point, ReadOnlySpan<byte> content = default)
    {
        if (Points is not null)
        {
            foreach (Armed armed in Points)
            {
                if (armed.Point == point && (armed.Text.IsEmpty || content.IndexOf(armed.Text) >= 0))
                {
                    armed.Reach();
                }
            }
        }
    }

    /// <exception cref="FormatException">The text names no point, or nothing that could happen there.</exception>
    internal static Armed[]? Parse(string? text) => string.IsNullOrWhiteSpace(text)
        ? null
        : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(ParseOne)];

    private static Armed ParseOne(string text)
    {
        string[] parts = text.Split(':');
        string[] place = parts[0].Split('@', count: 2);
        if (parts.Length is 2 or 3 && Enum.TryParse(place[0], out FaultPoint point) && parts[1] is "kill" or "throw")
        {
            int? time = parts.Length == 3 ? int.Parse(parts[2], CultureInfo.InvariantCulture) : null;
            return new Armed(point, Encoding.UTF8.GetBytes(place.Length == 2 ? place[1] : ""), parts[1] == "kill", time);
        }

        throw new FormatException($"{Variable}: '{text}' is not of the form point[@text]:kill:N, point:throw:N or point:throw.");
    }

    /// <param name="text">Which content counts; empty: any.</param>
    /// <param name="time">At which time it happens; null: a kill at the first, a throw every time.</param>
    internal sealed class Armed(FaultPoint point, byte[] text, bool kills, int? time)
    {
        private int _reached;

        public FaultPoint Point { get; } = point;

        public ReadOnlySpan<byte> Text => text;

        public void Reach()
        {
            int reached = Interlocked.Increment(ref _reached);
            if (time is not null && reached != time)
            {
                return;
            }

            Console.Error.WriteLine(ReachedMessage + Point);
            if (kills)
            {
                using var self = Process.GetCurrentProcess();
                self.Kill();
                Thread.Sleep(Timeout.InfiniteTimeSpan); // nothing more is done until the signal arrives
            }

            throw new IOException($"Fault point {Point}.");
        }
    }
}
