using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace PipelineService.Hosting.OpenApi;

/// <summary>
/// A text that is one of some words, or a list of such texts: in the document an enum with a name of its own, so that clients get a type for it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WordsAttribute : Attribute
{
    /// <param name="name">The name of the enum.</param>
    /// <param name="words">The words themselves.</param>
    public WordsAttribute(string name, params string[] words)
    {
        Name = name;
        Words = words;
    }

    /// <param name="name">The name of the enum.</param>
    /// <param name="source">The class that has the words.</param>
    /// <param name="member">Its static field with pairs of a word and its meaning.</param>
    public WordsAttribute(string name, Type source, string member)
    {
        Name = name;
        Source = source;
        Member = member;
        var pairs = (IEnumerable)source.GetField(member, BindingFlags.Static | BindingFlags.Public)!.GetValue(null)!;
        Words = [.. pairs.Cast<ITuple>().Select(pair => (string)pair[0]!)];
    }

    public string Name { get; }

    public Type? Source { get; }

    public string? Member { get; }

    public IReadOnlyList<string> Words { get; }
}
