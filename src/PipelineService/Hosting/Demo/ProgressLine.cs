namespace PipelineService.Hosting.Demo;

/// <summary>
/// One line on the console that is written over; where the output goes to a file or a pipe, plain lines, at most one a
/// second.
/// </summary>
internal sealed class ProgressLine(TextWriter output, bool isTerminal, TimeProvider time)
{
    private static readonly TimeSpan PlainLineAge = TimeSpan.FromSeconds(1);

    private long? _lastPlainLine;
    private bool _isOpen;

    public void Show(string text)
    {
        if (isTerminal)
        {
            output.Write($"\r{text}\e[K");
            _isOpen = true;
        }
        else if (_lastPlainLine is not long last || time.GetElapsedTime(last) >= PlainLineAge)
        {
            output.WriteLine(text);
            _lastPlainLine = time.GetTimestamp();
        }
    }

    /// <summary>Leaves the line; what comes next stands below it.</summary>
    public void Close()
    {
        if (_isOpen)
        {
            output.WriteLine();
            _isOpen = false;
        }
    }
}
