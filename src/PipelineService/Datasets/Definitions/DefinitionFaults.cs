using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions;

/// <summary>What is wrong with a definition: JSON pointer into the client's document → sentences, in reading order.</summary>
internal sealed class DefinitionFaults
{
    /// <summary>More faults than this help nobody; the answer says that it was cut.</summary>
    public const int CountMax = 500;

    /// <summary>For so many faults it is guessed what was meant: each guess is a look at all that there is.</summary>
    private const int GuessedMax = 50;

    private readonly OrderedDictionary<string, List<string>> _byPointer = [];
    private readonly OrderedDictionary<string, string[]> _warnings = [];
    private readonly List<string> _unreadable = [];
    private int _count;

    public bool Any => _count > 0;

    /// <summary>JSON pointer → what is not done of what stands there, though nothing is wrong with it.</summary>
    public IReadOnlyDictionary<string, string[]> Warnings => _warnings;

    public void Add(string pointer, string message)
    {
        if (++_count > CountMax)
        {
            return;
        }

        if (!_byPointer.TryGetValue(pointer, out List<string>? messages))
        {
            _byPointer.Add(pointer, messages = []);
        }

        messages.Add(message);
    }

    /// <summary>What a word of the next fault was meant to be (<see cref="Suggestion"/>), while there are not many.</summary>
    public string Near(string word, IEnumerable<string> known) => _count < GuessedMax ? Suggestion.For(word, known) : "";

    /// <summary>Says what is passed over; beyond <see cref="CountMax"/> places nobody is told.</summary>
    public void Warn(string pointer, string message)
    {
        if (_warnings.Count < CountMax)
        {
            _ = _warnings.TryAdd(pointer, [message]);
        }
    }

    /// <summary>
    /// Says that nothing true can be said about this place or below it, because what it depends on could not be read: a
    /// constraint, say, of a field whose type is misspelt.
    /// </summary>
    public void MarkUnreadable(string pointer) => _unreadable.Add(pointer);

    /// <summary>
    /// Whether a fault of meaning at this place would only repeat, or be caused by, a fault of form that is already listed.
    /// </summary>
    public bool Hides(string pointer) =>
        _byPointer.Keys.Any(known => IsAtOrBelow(pointer, known)) || _unreadable.Any(place => IsAtOrBelow(pointer, place));

    public IReadOnlyDictionary<string, string[]> ToErrors()
    {
        var errors = new OrderedDictionary<string, string[]>();
        foreach ((string pointer, List<string> messages) in _byPointer)
        {
            errors.Add(pointer, [.. messages]);
        }

        if (_count > CountMax && !errors.ContainsKey(""))
        {
            errors.Add("", [$"There are {_count - CountMax} more faults."]);
        }

        return errors;
    }

    private static bool IsAtOrBelow(string pointer, string place) =>
        pointer.StartsWith(place, StringComparison.Ordinal)
        && (pointer.Length == place.Length || pointer[place.Length] == '/');
}
