using System.Text.RegularExpressions;
using PipelineService.Core.Encoding.Text;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// The compiled forms of one pattern, as many as are in use at once. A <see cref="Regex"/> keeps what it needs for one match at a time
/// and allocates it anew for who comes meanwhile; so each worker takes one of its own.
/// </summary>
internal sealed class PatternPool
{
    private readonly string _pattern;
    private readonly Regex?[] _idle = new Regex?[Math.Max(4, Environment.ProcessorCount)];

    /// <param name="pattern">One without faults.</param>
    public PatternPool(string pattern)
    {
        _pattern = pattern;
        Return(TextPattern.Compile(pattern));
    }

    public Regex Rent()
    {
        for (int i = 0; i < _idle.Length; i++)
        {
            if (_idle[i] is not null && Interlocked.Exchange(ref _idle[i], null) is Regex idle)
            {
                return idle;
            }
        }

        return TextPattern.Compile(_pattern);
    }

    /// <summary>Keeps it for the next one, if there is room.</summary>
    public void Return(Regex regex)
    {
        for (int i = 0; i < _idle.Length; i++)
        {
            if (_idle[i] is null && Interlocked.CompareExchange(ref _idle[i], regex, null) is null)
            {
                return;
            }
        }
    }
}
