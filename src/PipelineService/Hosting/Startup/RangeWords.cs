using System.Globalization;
using FluentValidation.Resources;

namespace PipelineService.Hosting.Startup;

/// <summary>
/// What is wrong with a value, without its name: ours stands before it, in the form in which it is set, and the library's
/// (<c>'Pool Size Max'</c>) is nobody's.
/// </summary>
internal sealed class RangeWords : LanguageManager
{
    private const string English = "en";

    public RangeWords()
    {
        Culture = CultureInfo.InvariantCulture; // which falls back to English, whatever the machine speaks
        AddTranslation(English, "InclusiveBetweenValidator", "must be between {From} and {To}.");
        AddTranslation(English, "GreaterThanValidator", "must be greater than {ComparisonValue}.");
        AddTranslation(English, "GreaterThanOrEqualValidator", "must be at least {ComparisonValue}.");
        AddTranslation(English, "LessThanValidator", "must be less than {ComparisonValue}.");
        AddTranslation(English, "LessThanOrEqualValidator", "must be at most {ComparisonValue}.");
        AddTranslation(English, "NotEmptyValidator", "must not be empty.");
        AddTranslation(English, "EnumValidator", "is none of the values that there are.");
    }
}
