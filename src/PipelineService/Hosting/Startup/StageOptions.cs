using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using FluentValidation;
using FluentValidation.Results;
using Microsoft.Extensions.Options;

namespace PipelineService.Hosting.Startup;

/// <summary>
/// Options of a stage: one section of the configuration, one class, one validator. Everything that is wrong in any of them is
/// reported at once when the host starts (<see cref="StartupFaults"/>): values out of range, values of the wrong type, and
/// settings that do not exist, which are most often misspelt ones.
/// </summary>
public static class StageOptions
{
    /// <summary>Finds the validators of all stages' options.</summary>
    public static IServiceCollection AddStageValidators(this IServiceCollection services) =>
        services.AddValidatorsFromAssemblyContaining<HostingOptionsValidator>(
            Microsoft.Extensions.DependencyInjection.ServiceLifetime.Singleton,
            validator => validator.ValidatorType.Name.EndsWith("OptionsValidator", StringComparison.Ordinal),
            includeInternalTypes: true);

    public static OptionsBuilder<TOptions> AddStageOptions<TOptions>(this IServiceCollection services, string section)
        where TOptions : class, new()
    {
        services.AddSingleton<IValidateOptions<TOptions>>(provider => new SectionValidator<TOptions>(
            provider.GetRequiredService<IConfiguration>().GetSection(section),
            provider.GetRequiredService<IValidator<TOptions>>()));
        return services.AddOptions<TOptions>()
            .Configure<IConfiguration>((options, configuration) => Bind(configuration.GetSection(section), options))
            .ValidateOnStart();
    }

    /// <summary>The section as far as it can be read, for what is decided before there is a host that validates it.</summary>
    public static TOptions Read<TOptions>(IConfiguration configuration, string section)
        where TOptions : class, new()
    {
        var options = new TOptions();
        Bind(configuration.GetSection(section), options);
        return options;
    }

    /// <summary>
    /// Sets what can be set and says what cannot. The framework's own binder stops at the first fault, and with an exception
    /// that <c>ValidateOnStart</c> does not collect.
    /// </summary>
    internal static List<string> Bind<TOptions>(IConfigurationSection section, TOptions options)
        where TOptions : class
    {
        List<string> faults = [];
        Bind(section, options, typeof(TOptions), faults);
        return faults;
    }

    private static void Bind(IConfigurationSection section, object options, Type type, List<string> faults)
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            PropertyInfo? property = type.GetProperty(
                child.Key, BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase);
            if (property is not { CanWrite: true })
            {
                faults.Add($"{child.Path}: there is no such setting.{Suggestion.For(child.Key, Names(type))} "
                    + $"{section.Key} has {string.Join(", ", Names(type))}.");
                continue;
            }

            if (IsTime(property.PropertyType) && int.TryParse(child.Value, CultureInfo.InvariantCulture, out int number))
            {
                faults.Add($"{child.Path} = {number}: must be {Form(property.PropertyType)}. A number alone would be days: that is "
                    + $"{number}.00:00:00.");
                continue;
            }

            if (NamedSectionOf(property.PropertyType) is { } named)
            {
                BindNamed(child, (IDictionary)property.GetValue(options)!, named, faults);
                continue;
            }

            try
            {
                if (child.Get(property.PropertyType, binder => binder.ErrorOnUnknownConfiguration = true) is { } value)
                {
                    property.SetValue(options, value);
                }
            }
            catch (InvalidOperationException)
            {
                faults.Add($"{child.Path} = {child.Value}: must be {BoundOf(property.PropertyType, child.Value) ?? Form(property.PropertyType)}.");
            }
        }
    }

    /// <summary>Sections of one form, each under a name of its own.</summary>
    private static void BindNamed(IConfigurationSection section, IDictionary into, Type type, List<string> faults)
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            object options = Activator.CreateInstance(type)!;
            Bind(child, options, type, faults);
            into[child.Key] = options;
        }
    }

    /// <summary>What the sections are of a property that has several by their names; null for any other.</summary>
    private static Type? NamedSectionOf(Type type) =>
        type is { IsGenericType: true, GenericTypeArguments: [_, { IsClass: true } named] }
        && type.GetGenericTypeDefinition() == typeof(Dictionary<,>) && named != typeof(string)
            ? named
            : null;

    private static string[] Names(Type type) =>
        [.. type.GetProperties().Where(property => property.CanWrite).Select(property => property.Name)];

    private static bool IsTime(Type type) => (Nullable.GetUnderlyingType(type) ?? type) == typeof(TimeSpan);

    /// <summary>How a value is written.</summary>
    private static string Form(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        { IsEnum: true } words => $"one of {string.Join(", ", Enum.GetNames(words))}",
        var value when value == typeof(bool) => "true or false",
        var value when value == typeof(TimeSpan) => "a time, written [days.]hh:mm:ss[.fff], such as 00:00:20",
        var value when value == typeof(int) || value == typeof(long) => "a whole number, without a unit",
        var value when value == typeof(double) => "a number",
        var value when value == typeof(Uri) => "an address, such as http://localhost:4317",
        var value => $"a {value.Name}",
    };

    /// <summary>The bound that a whole number exceeds; null where it is none, or exceeds none.</summary>
    private static string? BoundOf(Type type, string? value)
    {
        (long Least, long Greatest)? range = (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var whole when whole == typeof(int) => (int.MinValue, int.MaxValue),
            var whole when whole == typeof(long) => (long.MinValue, long.MaxValue),
            _ => null,
        };
        return range is not { } bounds || !BigInteger.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger number) ? null
            : number > bounds.Greatest ? string.Create(CultureInfo.InvariantCulture, $"at most {bounds.Greatest}")
            : number < bounds.Least ? string.Create(CultureInfo.InvariantCulture, $"at least {bounds.Least}")
            : null;
    }

    private sealed class SectionValidator<TOptions>(IConfigurationSection section, IValidator<TOptions> validator)
        : IValidateOptions<TOptions>
        where TOptions : class, new()
    {
        static SectionValidator() => ValidatorOptions.Global.LanguageManager = new RangeWords();

        public ValidateOptionsResult Validate(string? name, TOptions options)
        {
            // Bound a second time, for the faults alone: options are made where nobody listens to them.
            List<string> faults = Bind(section, new TOptions());
            ValidationResult result = validator.Validate(options);
            faults.AddRange(result.Errors.Select(fault =>
                $"{section.Key}:{fault.PropertyName.Replace('.', ':')} = {fault.AttemptedValue}: {fault.ErrorMessage}"));
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
